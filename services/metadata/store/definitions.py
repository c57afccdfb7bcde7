"""Statements about definitions and the version of the schema, in an app's database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared import exact
from libs.shared.ids import parse_uuid
from libs.shared.postgres.databases import Connection, Database, Record
from libs.shared.schema.kinds import DefinitionKind
from services.metadata.model.definition import Definition

COLUMNS = """
    id::text, kind, key, number, document::text, ids::text,
    to_json(created_at) #>> '{}' AS created_at, to_json(updated_at) #>> '{}' AS updated_at, deleted_at
"""
LIST_OF_KIND = f"""
SELECT {COLUMNS} FROM metadata.definitions WHERE kind = $1 AND deleted_at IS NULL ORDER BY number
"""
LIST_ALL = f"SELECT {COLUMNS} FROM metadata.definitions WHERE deleted_at IS NULL ORDER BY number"
LIST_SHAPES = f"""
SELECT {COLUMNS} FROM metadata.definitions
WHERE kind IN ('entities', 'relations', 'notification-channels', 'notification-templates') AND deleted_at IS NULL
ORDER BY number
"""
FIND_BY_KEY = f"""
SELECT {COLUMNS} FROM metadata.definitions WHERE kind = $1 AND key = $2 AND deleted_at IS NULL
"""
FIND_BY_ID = f"""
SELECT {COLUMNS} FROM metadata.definitions WHERE kind = $1 AND id = $2 AND deleted_at IS NULL
"""
INSERT = f"""
INSERT INTO metadata.definitions (kind, key, document) VALUES ($1, $2, $3::json) RETURNING {COLUMNS}
"""
REPLACE = f"""
UPDATE metadata.definitions SET key = $2, document = $3::json, updated_at = now() WHERE id = $1::text::uuid
RETURNING {COLUMNS}
"""
DELETE = "UPDATE metadata.definitions SET deleted_at = now() WHERE id = $1::text::uuid"
STORE_IDS = "UPDATE metadata.definitions SET ids = $2::jsonb WHERE id = $1::text::uuid"
LOCK_VERSION = "SELECT version FROM metadata.schema_version FOR UPDATE"
LIMIT_LOCK_WAIT = "SELECT set_config('lock_timeout', $1, true)"
RECORD_CHANGE = """
WITH _raised AS (UPDATE metadata.schema_version SET version = $1)
INSERT INTO metadata.history (version, kind, definition_id, action, document, actor, trace_id, ids)
VALUES ($1, $2, $3::text::uuid, $4, $5::json, $6::jsonb, $7::text::uuid, $8::jsonb)
"""


async def list_of_kind(database: Database | Connection, kind: str) -> list[Definition]:
    """The definitions of a kind, in the order of their creation."""
    return [_definition(row) for row in await database.fetch(LIST_OF_KIND, kind)]


async def list_all(database: Database | Connection) -> list[Definition]:
    """All definitions of all kinds, in the order of their creation."""
    return [_definition(row) for row in await database.fetch(LIST_ALL)]


async def list_shapes(database: Database | Connection) -> list[Definition]:
    """What definitions refer to by name: entities, relations, notification channels and templates, as created."""
    return [_definition(row) for row in await database.fetch(LIST_SHAPES)]


async def find(database: Database | Connection, kind: DefinitionKind, handle: str) -> Definition | None:
    """A definition by the name or id that URLs address it with; None also for an invalid id."""
    if kind.addressed_by_name:
        row = await database.fetchrow(FIND_BY_KEY, kind.name, handle)
    else:
        identifier = parse_uuid(handle)
        row = await database.fetchrow(FIND_BY_ID, kind.name, identifier) if identifier else None
    return _definition(row) if row else None


async def insert(transaction: Connection, kind: str, key: str | None, document: dict[str, Any]) -> Definition:
    return _definition(await transaction.fetchrow(INSERT, kind, key, _json(document)))


async def replace(transaction: Connection, definition_id: str, key: str | None, document: dict[str, Any]) -> Definition:
    return _definition(await transaction.fetchrow(REPLACE, definition_id, key, _json(document)))


async def delete(transaction: Connection, definition_id: str) -> None:
    await transaction.execute(DELETE, definition_id)


async def store_ids(transaction: Connection, definition_id: str, ids: Mapping[str, Any]) -> None:
    await transaction.execute(STORE_IDS, definition_id, _json(ids))


async def limit_lock_wait(transaction: Connection, timeout_s: float) -> None:
    """Bound how long the transaction's next statements wait for a lock. They raise LockTaken."""
    await transaction.execute(LIMIT_LOCK_WAIT, f"{timeout_s * 1000:.0f}ms")


async def lock_version(transaction: Connection) -> int:
    """Lock the version until the end of the transaction, and read it."""
    version: int = await transaction.fetchval(LOCK_VERSION)
    return version


async def record_change(
    transaction: Connection, version: int, action: str, definition: Definition, actor: str, trace_id: str
) -> None:
    """Append to the definitions' history and set the version."""
    document, ids = (_json(part) if action != "delete" else None for part in (definition.document, definition.ids))
    values = (version, definition.kind, definition.id, action, document, actor, trace_id, ids)
    await transaction.execute(RECORD_CHANGE, *values)


def _definition(row: Record | None) -> Definition:
    assert row is not None, "INSERT and UPDATE … RETURNING of a locked row answer it"
    return Definition(
        id=row["id"],
        kind=row["kind"],
        key=row["key"],
        number=row["number"],
        document=exact.loads(row["document"]),
        ids=exact.loads(row["ids"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _json(value: Any) -> str:
    return exact.dumps(value).decode()
