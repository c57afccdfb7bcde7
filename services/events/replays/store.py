"""Every statement of replays of the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.postgres.databases import Connection, Database

# Audit rows behind ($1, $2) up to ($3, $4), in order, each with a digest of all that it holds.
ROWS = """
SELECT position, n, row_to_json(a)::text AS row, sha256(convert_to(a::text, 'UTF8')) AS digest
FROM events.audit_logs a WHERE (position, n) > ($1, $2) AND (position, n) <= ($3, $4) ORDER BY position, n
"""
UNAUDITED = "SELECT entity, first_position, last_position FROM events.unaudited"
FRESH = "events.audit_logs_fresh"
BEGIN = f"""
DROP TABLE IF EXISTS {FRESH};
CREATE TABLE {FRESH} (
    LIKE events.audit_logs INCLUDING DEFAULTS, CONSTRAINT audit_logs_fresh_pkey PRIMARY KEY (position, n)
)
"""
FILL = f"""
INSERT INTO {FRESH} SELECT * FROM json_populate_recordset(NULL::events.audit_logs, $1::json)
ON CONFLICT (position, n) DO NOTHING
"""
INDEXES = {
    "audit_logs_record": '(entity, record_id, "timestamp" DESC)',
    "audit_logs_user": '(user_id, "timestamp" DESC)',
    "audit_logs_time": '("timestamp" DESC)',
}
# Copies the rows that consumers wrote after the position up to which the new table was filled.
LOCK_TABLE = "LOCK TABLE events.audit_logs IN ACCESS EXCLUSIVE MODE"
COPY_NEWER_ROWS = f"INSERT INTO {FRESH} SELECT * FROM events.audit_logs WHERE position > $1 ON CONFLICT DO NOTHING"
REPLACE_TABLE = f"""
DROP TABLE events.audit_logs;
ALTER TABLE {FRESH} RENAME TO audit_logs;
ALTER INDEX events.audit_logs_fresh_pkey RENAME TO audit_logs_pkey;
""" + ";".join(f"ALTER INDEX events.{name}_fresh RENAME TO {name}" for name in INDEXES)
INDEX_TIMEOUT_S = 3600.0
"""Time limit for building the indexes of a new table, in seconds. No request waits for them."""


async def rows(database: Database, after: tuple[int, int], until: tuple[int, int]) -> Sequence[Any]:
    """position, n, row (JSON text) and digest."""
    return await database.fetch(ROWS, *after, *until)


async def unaudited(database: Database) -> dict[str, tuple[int, int]]:
    """Entity → the first and last position without audit rows, because it had opted out."""
    found = await database.fetch(UNAUDITED)
    return {row["entity"]: (row["first_position"], row["last_position"]) for row in found}


async def begin(database: Database) -> None:
    """An empty table beside the audit log."""
    async with database.transaction() as transaction:
        await transaction.execute(BEGIN)


async def fill(database: Database, fresh: Sequence[dict[str, Any]]) -> None:
    """Insert the missing rows into the new table."""
    await database.execute(FILL, exact.dumps(list(fresh)).decode())


async def index(database: Database) -> None:
    """Build the indexes of the new table."""
    for name, columns in INDEXES.items():
        await database.execute(f"DROP INDEX IF EXISTS events.{name}_fresh")
        await database.execute(f"CREATE INDEX {name}_fresh ON {FRESH} {columns}", timeout=INDEX_TIMEOUT_S)


async def switch(transaction: Connection, filled: int) -> None:
    """Replace the old table by the new one, including rows written after position `filled`."""
    await transaction.execute(LOCK_TABLE)
    await transaction.execute(COPY_NEWER_ROWS, filled)
    await transaction.execute(REPLACE_TABLE)
