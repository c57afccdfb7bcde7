"""Every statement about the activity of records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.shared import exact
from libs.shared.postgres.databases import Connection, Database
from libs.shared.postgres.errors import UniqueViolation
from services.events.rows import moment_of

COLUMNS = ("position", "n", "sub", "id", "entity", "record_id", "type", "field", "comment_id", "at")
# Rows of those commits that have none.
MISSING = """
INSERT INTO events.activity SELECT * FROM json_populate_recordset(NULL::events.activity, $1::json)
ON CONFLICT (position, n, sub) DO NOTHING
"""
# Rows of a record before a moment and an id, newest first. Each name that its entity has had is looked up by itself, so
# that the index gives its rows in order.
OF_RECORD = """
SELECT a.position, a.n, a.sub, a.id::text AS key, a.type, a.field, a.comment_id, a.at
FROM unnest($1::text[]) AS e(name) CROSS JOIN LATERAL (
    SELECT * FROM events.activity WHERE entity = e.name AND record_id = $2 AND (at, id) < ($3, $4){types}
    ORDER BY at DESC, id DESC LIMIT $5
) a ORDER BY a.at DESC, a.id DESC LIMIT $5
"""
ONE_TYPE = " AND type = $6"
SEVERAL_TYPES = " AND type = ANY($6::text[])"
FREQUENT = "field_update"
"""The type that the index of types leaves out."""


async def insert(transaction: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store rows by COPY, or by INSERT where some of them exist already."""
    if not rows:
        return
    records = [(*(row[name] for name in COLUMNS[:-1]), moment_of(row["at"])) for row in rows]
    try:
        async with transaction.transaction():
            await transaction.copy_records_to_table("activity", schema_name="events", columns=COLUMNS, records=records)
    except UniqueViolation:
        await transaction.execute(MISSING, exact.dumps(rows).decode())


def of_record_sql(types: Collection[str]) -> str:
    """The statement for these types, or for all if there are none.

    Rare types are found by an index of their own; it takes each of them alone.
    """
    if not types:
        return OF_RECORD.format(types="")
    if len(types) == 1 and FREQUENT not in types:
        return OF_RECORD.format(types=f"{ONE_TYPE} AND type <> '{FREQUENT}'")
    rare = f" AND type <> '{FREQUENT}'" if FREQUENT not in types else ""
    return OF_RECORD.format(types=f"{SEVERAL_TYPES}{rare}")


async def of_record(
    database: Database, names: Sequence[str], record_id: str, before: tuple[datetime, UUID], types: Sequence[str],
    limit: int,
) -> Sequence[Any]:  # fmt: skip
    """The next rows of a record."""
    chosen: list[Any] = [types[0] if len(types) == 1 and FREQUENT not in types else list(types)] if types else []
    return await database.fetch(of_record_sql(types), names, record_id, *before, limit, *chosen)
