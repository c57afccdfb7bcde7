"""Lookups of single records that are made in one turn of the event loop are one query.

Under load several requests arrive per turn, and a query for four keys costs little more than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.concurrency.batcher import Batch, Batcher
from libs.shared.postgres.databases import Database
from services.data.model import KeyValue, PointStatement

MAX_KEYS = 64
"""Keys of one query."""
MAX_PENDING = 10_000
"""Lookups under way in one process."""

Lookup = tuple[Database, PointStatement, tuple[Any, ...]]
"""Where, which statement, and its values besides the keys."""
PointLookups = Batcher[Lookup, KeyValue, Any]
"""Answers the row of a key: schema_version, version, record (both null if there is no such record)."""


def batched_lookups() -> PointLookups:
    """The lookups of a process."""
    return PointLookups("data", _look_up, max_items=MAX_KEYS, max_pending=MAX_PENDING, serial=False)


async def _look_up(lookup: Lookup, batch: Batch[KeyValue, Any]) -> Sequence[Any]:
    database, statement, values = lookup
    keys = batch.take()
    rows = await database.fetch(statement.text(len(keys)), *zip(*keys, strict=True), *values)
    found: list[Any] = [None] * len(keys)
    for row in rows:
        found[row["n"] - 1] = row
    return found
