"""Equal reads that have not been sent yet are one query.

A query is sent at the end of the turn of the event loop, or later, when a connection is free. Equal reads that are made
until then share it: it sees all that was committed before. So many callers of one list cost little more than one.

Reads are equal by statement and values. Those hold all that depends on the caller, permissions included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.concurrency.batcher import Batch, Batcher
from libs.shared.postgres.databases import Database, in_ambient_transaction

MAX_SHARING = 1_000
"""Reads that share one query."""
MAX_PENDING = 10_000
"""Reads under way in one process."""

Query = tuple[Database, str, tuple[Any, ...]]
"""Where, which statement, and with which values."""


class SharedReads:
    """The reads of a process."""

    def __init__(self) -> None:
        self._batcher = Batcher[Query, float, Any](
            "data", _run, max_items=MAX_SHARING, max_pending=MAX_PENDING, serial=False
        )

    async def read(self, database: Database, sql: str, values: Sequence[Any], timeout_s: float) -> Any:
        """The first row, or None. It may take `timeout_s`, or as long as an equal read that shares the query."""
        if in_ambient_transaction():
            return await database.fetchrow(sql, *values, timeout=timeout_s)
        # PostgreSQL takes a tuple for an array as well as a list, and only a tuple can be a key.
        key = database, sql, tuple([tuple(value) if isinstance(value, list) else value for value in values])
        return await self._batcher.call(key, timeout_s)


async def _run(query: Query, batch: Batch[float, Any]) -> Sequence[Any]:
    database, sql, values = query

    def timeout_when_sent() -> float:
        # A read that comes from now on may have to see more than this query.
        return max(batch.take())

    row = await database.fetchrow(sql, *values, timeout=timeout_when_sent)
    return [row] * len(batch.items)
