"""Statements about API keys; of a key the SHA-256 is kept, and its beginning to know it by."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from libs.shared.ids import uuid7
from libs.shared.postgres.databases import Connection, Database, Record

COLUMNS = "id, name, prefix, roles, scopes, expires_at, last_used_at, created_by, created_at"
INSERT = f"""
INSERT INTO gateway.api_keys (id, name, prefix, hash, roles, scopes, expires_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8)
RETURNING row_to_json((SELECT s FROM (SELECT {COLUMNS}) s))::text
"""
LIST = f"""
SELECT coalesce(json_agg(row_to_json(k)), '[]')::text FROM (SELECT {COLUMNS} FROM gateway.api_keys ORDER BY id) k
"""
GET = f"SELECT row_to_json(k)::text FROM (SELECT {COLUMNS} FROM gateway.api_keys WHERE id = $1) k"
DELETE = f"""
DELETE FROM gateway.api_keys WHERE id = $1 RETURNING row_to_json((SELECT s FROM (SELECT {COLUMNS}) s))::text
"""
COUNT = "SELECT count(*) FROM gateway.api_keys"
FIND = """
SELECT id::text, name, roles, scopes::text, extract(epoch FROM expires_at)::float8 AS expires_at
FROM gateway.api_keys WHERE hash = $1
"""
USED = """
UPDATE gateway.api_keys k SET last_used_at = greatest(k.last_used_at, to_timestamp(n.at))
FROM unnest($1::text[], $2::float8[]) AS n(id, at) WHERE k.id = n.id::uuid
"""

Row = dict[str, Any]


async def insert(
    transaction: Connection,
    name: str,
    key: tuple[str, bytes],
    roles: list[str],
    scopes: list[dict[str, Any]] | None,
    expires_at: datetime | None,
    created_by: str,
) -> Row:
    """A new key's row; `key` is its beginning and its hash."""
    narrowed = None if scopes is None else orjson.dumps(scopes).decode()
    text = await transaction.fetchval(INSERT, uuid7(), name, *key, roles, narrowed, expires_at, created_by)
    row: Row = orjson.loads(text)
    return row


async def list_all(database: Database) -> bytes:
    """All keys as JSON."""
    text: str = await database.fetchval(LIST)
    return text.encode()


async def get(database: Database, key_id: uuid.UUID) -> Row | None:
    """One key."""
    text: str | None = await database.fetchval(GET, key_id)
    return orjson.loads(text) if text else None


async def delete(transaction: Connection, key_id: uuid.UUID) -> Row | None:
    """Delete a key; returns its former row."""
    text: str | None = await transaction.fetchval(DELETE, key_id)
    return orjson.loads(text) if text else None


async def count(transaction: Connection) -> int:
    """The number of keys."""
    number: int = await transaction.fetchval(COUNT)
    return number


async def find(database: Database, key_hash: bytes) -> Record | None:
    """The key of this hash, also one that has expired."""
    return await database.fetchrow(FIND, key_hash)


async def used(database: Database, moments: Mapping[str, float]) -> None:
    """When keys were last used: id → Unix seconds."""
    await database.execute(USED, list(moments), list(moments.values()))
