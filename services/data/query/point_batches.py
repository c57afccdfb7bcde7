"""Concurrent reads of single records, gathered: what is asked within one turn of the loop is one query.

Under load several requests arrive per turn, and a query for four keys costs little more than one.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from libs.shared.postgres.databases import Database
from services.data.model import KeyValue, PointStatement

MOST = 64
"""Keys of one query."""
Question = tuple[Database, PointStatement, tuple[Any, ...]]
"""Where, what, and with which values besides the keys."""
Waiting = list[tuple[KeyValue, "asyncio.Future[Any]"]]


class PointReads:
    """The reads waiting for the end of this turn, by what they ask."""

    def __init__(self) -> None:
        self._waiting: dict[Question, Waiting] = defaultdict(list)
        self._running: set[asyncio.Task[None]] = set()

    async def read(self, database: Database, statement: PointStatement, key: KeyValue, values: tuple[Any, ...]) -> Any:
        """The row of one key: schema_version, version, record (both null if there is no such record)."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._flush)
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting[database, statement, values].append((key, future))
        return await future

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, defaultdict(list)
        for question, reads in waiting.items():
            for start in range(0, len(reads), MOST):
                task = asyncio.create_task(_answer(question, reads[start : start + MOST]))
                self._running.add(task)
                task.add_done_callback(self._running.discard)


async def _answer(question: Question, reads: Waiting) -> None:
    database, statement, values = question
    try:
        text = statement.text(len(reads))
        rows = await database.fetch(text, *zip(*(key for key, _ in reads), strict=True), *values)
    except Exception as error:
        for _, future in reads:
            if not future.done():
                future.set_exception(error)
        return
    for row in rows:
        future = reads[row["n"] - 1][1]
        if not future.done():
            future.set_result(row)
