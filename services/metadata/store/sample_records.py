"""Statements that insert the records of an imported document."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared import exact
from libs.shared.postgres.databases import Connection
from libs.shared.postgres.errors import UniqueViolation
from libs.shared.postgres.limits import LimitExceeded, LimitReached
from services.metadata.model.identifiers import quote

IMPORT_TIMEOUT_S = 100.0
"""Limit of a statement over all sample records."""
INSERT = """
SELECT added, at_position AS position FROM data.import_records($1::text::jsonb, $2, $3::text::jsonb, $4, $5)
"""
ALLOW_IDLE = "SET LOCAL idle_in_transaction_session_timeout = '120s'"
ADVANCE = "SELECT setval('{sequence}', $1) FROM {sequence} WHERE NOT is_called OR last_value < $1"
NEXT_KEYS = "SELECT nextval($1::text::regclass) AS key FROM generate_series(1, $2)"
FIND_MISSING = """
SELECT (_e.n - 1)::int AS number FROM jsonb_array_elements($1::text::jsonb) WITH ORDINALITY AS _e(value, n)
WHERE NOT EXISTS (
    SELECT FROM {table} _t
    WHERE to_jsonb(_t) @> jsonb_strip_nulls(to_jsonb(jsonb_populate_record(NULL::{table}, _e.value)))
) ORDER BY _e.n
"""


class DuplicateRecords(Exception):
    """Two records exclude one another by the unique index `index`."""

    def __init__(self, index: str) -> None:
        super().__init__(index)
        self.index = index


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """The log's columns of an import beside its records; `context` is JSON text."""

    commit_id: uuid.UUID
    context: str
    trace_id: uuid.UUID


async def allow_idle_transaction(transaction: Connection) -> None:
    """Allow the transaction to be idle while many rows are checked."""
    await transaction.execute(ALLOW_IDLE)


async def insert(
    transaction: Connection, batches: Sequence[Mapping[str, Any]], commit: CommitInfo, version: int
) -> tuple[int, int]:
    """Insert records with their log entries (services/data/sql/app); returns their number and the commit's position.

    Raises DuplicateRecords when two records may not be there together, LimitReached for what the database can't hold.
    """
    text = exact.dumps(batches).decode()
    try:
        rows = await transaction.fetch(
            INSERT, text, commit.commit_id, commit.context, commit.trace_id, version, timeout=IMPORT_TIMEOUT_S
        )
    except UniqueViolation as error:
        raise DuplicateRecords(error.constraint_name or "") from None
    except LimitExceeded as error:
        raise LimitReached.of(error) from None
    return sum(row["added"] for row in rows), max((row["position"] for row in rows), default=0)


async def next_keys(transaction: Connection, sequence: str, behind: int, count: int) -> list[int]:
    """`count` new keys, greater than `behind` as all later ones will be. Raises LimitReached."""
    if behind > 0:
        await transaction.execute(ADVANCE.format(sequence=sequence), behind)
    try:
        return [row["key"] for row in await transaction.fetch(NEXT_KEYS, sequence, count)]
    except LimitExceeded as error:
        raise LimitReached.of(error) from None


async def find_missing(transaction: Connection, table: str, records: Sequence[Mapping[str, Any]]) -> list[int]:
    """The numbers of the records that no row of the table equals in all their fields."""
    text = exact.dumps(records).decode()
    rows = await transaction.fetch(FIND_MISSING.format(table=table), text, timeout=IMPORT_TIMEOUT_S)
    return [row["number"] for row in rows]


async def similar_slugs(transaction: Connection, table: str, column: str, bases: Collection[str]) -> set[str]:
    """The existing slugs that begin with one of these."""
    if not bases:
        return set()
    # Slugs hold letters, digits and hyphens only, so none is special in a pattern.
    sql = f"SELECT _t.{quote(column)} AS slug FROM {table} _t WHERE _t.{quote(column)} LIKE ANY($1::text[])"
    return {row["slug"] for row in await transaction.fetch(sql, [f"{base}%" for base in bases])}
