"""The SQL of repairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.postgres.databases import Connection, Database
from services.data.integrity.store import DIGEST
from services.data.model import quote
from services.data.repairs.plan import Entry, Row
from services.data.replays.table import VERSION, Table

READ_TIMEOUT_S = 60.0
"""Records can have many versions, and be large."""

COLUMNS = "_c.record_id, _c.version, _c.position, _c.n, _c.action, _c.image::text, _c.previous::text"
# A page of an entity's log, beginning with the last entry of the page before.
PAGE = f"""
SELECT {COLUMNS} FROM data.commits _c WHERE _c.entity = $1 AND (_c.record_id, _c.version) >= ($2, $3::bigint)
ORDER BY _c.record_id, _c.version LIMIT $4
"""
VERSIONS = f"""
SELECT {COLUMNS} FROM data.commits _c
WHERE _c.entity = $1 AND _c.record_id = $2 AND _c.version >= $3::bigint
ORDER BY _c.version LIMIT $4
"""
ONE = f"SELECT {DIGEST} FROM data.commits WHERE position = $1 AND n = $2"
REPAIR = "SELECT data.repair_entry($1, $2, $3::text::jsonb, $4::text::jsonb)"
INSERT = """
INSERT INTO data.repairs (position, n, sealed, repaired, signature, faults, repaired_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


async def page(database: Database, number: int, after: tuple[str, int], most: int) -> Sequence[Entry]:
    """Entries of an entity or relation in the order of records and versions, from one on."""
    return [dict(row) for row in await database.fetch(PAGE, number, *after, most, timeout=READ_TIMEOUT_S)]


async def versions(database: Database, number: int, record_id: str, first: int, most: int) -> Sequence[Entry]:
    """Entries of a record, from a version on."""
    return [dict(row) for row in await database.fetch(VERSIONS, number, record_id, first, most, timeout=READ_TIMEOUT_S)]


async def row_of(database: Database, table: Table, record_id: str) -> Row | None:
    """A record's row in its table."""
    if len(table.keys) == 1:
        condition = f"_t.{quote(table.keys[0])} = $1::text::{table.types[0]}"
    else:
        condition = f"{table.record_id('_t')} = $1"
    statement = f"SELECT _t.{VERSION} AS version, ({table.image_of('_t')})::text AS image FROM {table.table} _t"
    row: Any = await database.fetchrow(f"{statement} WHERE {condition}", record_id, timeout=READ_TIMEOUT_S)
    return Row(row["version"], exact.loads(row["image"])) if row else None


async def digest(transaction: Connection, position: int, n: int) -> bytes:
    """The digest of an entry, as the hash chain has it."""
    found: bytes = await transaction.fetchval(ONE, position, n)
    return found


async def write(transaction: Connection, entry: Entry) -> str | None:
    """Write image and previous into an entry. Returns why that was refused, None where it was not."""
    refused: str | None = await transaction.fetchval(
        REPAIR, entry["position"], entry["n"], entry["image"], entry["previous"]
    )
    return refused


async def insert(transaction: Connection, *values: Any) -> None:
    """Record a repair: position, n, digests before and after, signature, faults, and the admin who requested it."""
    await transaction.execute(INSERT, *values)
