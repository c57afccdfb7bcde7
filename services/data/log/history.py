"""A record's history, read from the log itself, so it shows the caller's own last write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from libs.shared.postgres.databases import Database
from libs.shared.schema import Snapshot
from services.data.log.entries import COLUMNS, differences, images, names_of
from services.data.model import EntityModel

PAGE = f"""
SELECT {COLUMNS}, count(*) OVER () AS total FROM data.commits
WHERE entity = $1 AND record_id = $2 ORDER BY version DESC LIMIT $3 OFFSET $4
"""
TOTAL = "SELECT count(*) FROM data.commits WHERE entity = $1 AND record_id = $2"
ONE = f"SELECT {COLUMNS} FROM data.commits WHERE entity = $1 AND record_id = $2 AND version = $3"
BY_KEY = f"SELECT {COLUMNS} FROM data.commits WHERE position = $1 AND n = $2"


async def load_page(
    database: Database, entity: EntityModel, record_id: str, limit: int, offset: int
) -> tuple[Sequence[Any], int]:
    """One page of a record's log entries, newest first, and how many there are."""
    rows = await database.fetch(PAGE, entity.number, record_id, limit, offset)
    if rows:
        return rows, rows[0]["total"]
    return [], await database.fetchval(TOTAL, entity.number, record_id)


async def load_version(database: Database, entity: EntityModel, record_id: str, version: int) -> Any | None:
    """One log entry of a record."""
    return await database.fetchrow(ONE, entity.number, record_id, version)


async def load_entry(database: Database, position: int, n: int) -> Any | None:
    """One log entry by its place in the log."""
    return await database.fetchrow(BY_KEY, position, n)


def shown(schema: Snapshot, entity: EntityModel, row: Any) -> dict[str, Any]:
    """A log entry as history answers it, restricted to today's fields."""
    before, after = images(row, names_of(schema, row["entity"]))
    changed = {n: d for n, d in differences(before, after).items() if n in entity.fields}
    actor = orjson.loads(row["context"])["actor"]
    return {
        "version": row["version"],
        "action": row["action"],
        "at": row["at"],
        "user": {"id": actor["id"], "email": actor["email"]},
        "changed": changed,
        "commit_id": row["commit_id"],
        "trace_id": row["trace_id"],
    }


def record_at(schema: Snapshot, entity: EntityModel, row: Any) -> dict[str, Any] | None:
    """The record as a log entry left it, with today's fields; None where that was a deletion."""
    _, after = images(row, names_of(schema, row["entity"]))
    if after is None or row["action"] == "delete":
        return None
    return {name: after.get(name) for name in entity.fields}
