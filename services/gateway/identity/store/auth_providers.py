"""Statements about providers of identities. Their secrets are encrypted."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import orjson

from libs.shared.postgres.databases import Connection, Database, Record

MAX_PROVIDERS = 100
"""Providers of one app, or of the platform."""
COLUMNS = "id::text, version, document::text, secrets, created_at, updated_at"
LIST = f"SELECT {COLUMNS} FROM gateway.auth_providers ORDER BY name"
GET = f"SELECT {COLUMNS} FROM gateway.auth_providers WHERE id = $1"
FIND = f"SELECT {COLUMNS} FROM gateway.auth_providers WHERE name = $1 AND type = $2 AND active"
INSERT = f"""
INSERT INTO gateway.auth_providers (id, name, type, active, document, secrets)
SELECT $1, $2, $3, $4, $5::text::jsonb, $6 WHERE (SELECT count(*) FROM gateway.auth_providers) < $7
RETURNING {COLUMNS}
"""
UPDATE = f"""
UPDATE gateway.auth_providers SET name = $2, type = $3, active = $4, document = $5::text::jsonb, secrets = $6,
    version = version + 1, updated_at = now()
WHERE id = $1 AND version = $7 RETURNING {COLUMNS}
"""
DELETE = "DELETE FROM gateway.auth_providers WHERE id = $1 RETURNING id"
ACTIVE = """
SELECT document->>'name' AS name, type, coalesce(document->>'label', name) AS label
FROM gateway.auth_providers WHERE active ORDER BY name
"""
LAST_LOGIN = "SELECT at, data FROM gateway.last_sso_logins WHERE provider = $1"
# At most once a second, so that simultaneous logins do not wait for each other.
NOTE_LOGIN = """
INSERT INTO gateway.last_sso_logins AS l (provider, data) VALUES ($1::text::uuid, $2)
ON CONFLICT (provider) DO UPDATE SET at = now(), data = excluded.data WHERE l.at < now() - interval '1 second'
"""


def _values(document: dict[str, Any]) -> tuple[str, str, bool, str]:
    return document["name"], document["type"], document["active"], orjson.dumps(document).decode()


async def list_all(database: Database) -> Sequence[Record]:
    """All providers."""
    return await database.fetch(LIST)


async def list_active(database: Database) -> list[dict[str, str]]:
    """Name, type and label of those that let people in."""
    return [dict(row) for row in await database.fetch(ACTIVE)]


async def get(database: Database, provider_id: uuid.UUID) -> Record | None:
    """One provider."""
    return await database.fetchrow(GET, provider_id)


async def find(database: Database, name: str, type_name: str) -> Record | None:
    """The active provider of a name in URLs."""
    return await database.fetchrow(FIND, name, type_name)


async def insert(
    transaction: Connection, provider_id: uuid.UUID, document: dict[str, Any], secrets: bytes
) -> Record | None:
    """A new provider; None if there are too many. Raises UniqueViolation for a taken name."""
    return await transaction.fetchrow(INSERT, provider_id, *_values(document), secrets, MAX_PROVIDERS)


async def update(
    transaction: Connection, provider_id: uuid.UUID, version: int, document: dict[str, Any], secrets: bytes
) -> Record | None:
    """The changed provider; None if it has changed since that version. Raises UniqueViolation for a taken name."""
    return await transaction.fetchrow(UPDATE, provider_id, *_values(document), secrets, version)


async def delete(transaction: Connection, provider_id: uuid.UUID) -> bool:
    """Delete a provider with its links to users and its marks on sessions; returns whether it was there."""
    return await transaction.fetchval(DELETE, provider_id) is not None


async def last_login(database: Database, provider_id: uuid.UUID) -> Record | None:
    """When somebody last logged in or tried to, and what came of it, encrypted."""
    return await database.fetchrow(LAST_LOGIN, provider_id)


async def note_login(database: Database, provider_id: str, data: bytes) -> None:
    """Keep what came of a login."""
    await database.execute(NOTE_LOGIN, provider_id, data)
