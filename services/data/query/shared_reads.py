"""Equal reads are one query: whoever asks what somebody else is about to ask is given the same row.

A query is sent at the end of the turn of the loop, or later, when a connection gets free. Who asks until then shares
it, and sees what they had been told of before: all that is committed before it is sent. So many who look at the same
list at once cost little more than one, the less the busier the database is.

Reads are equal by statement and values. Those hold all that depends on the caller, their permissions too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from libs.shared.postgres.databases import Database, in_ambient_transaction

Question = tuple[Database, str, tuple[Any, ...]]
"""Where, what, and with which values."""


class SharedReads:
    """The reads that have not been sent yet, each with those who wait for it."""

    def __init__(self) -> None:
        self._unsent: dict[Question, _Read] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def read(self, database: Database, sql: str, values: Sequence[Any], seconds: float) -> Any:
        """The first row, or None. It may take `seconds`, or as long as another has who waits for the same."""
        if in_ambient_transaction():
            return await database.fetchrow(sql, *values, timeout=seconds)
        # PostgreSQL takes a tuple for an array as well as a list, which can't be looked up.
        question = database, sql, tuple([tuple(value) if isinstance(value, list) else value for value in values])
        read = self._unsent.get(question)
        if read is None:
            read = self._unsent[question] = _Read()
            task = asyncio.create_task(self._answer(question, read))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        read.waiting.append(future)
        read.seconds = max(read.seconds, seconds)
        return await future

    async def _answer(self, question: Question, read: _Read) -> None:
        database, sql, values = question

        def sending() -> float:
            # What is asked from now on may have to see more than this query will.
            del self._unsent[question]
            return read.seconds

        try:
            row = await database.fetchrow(sql, *values, timeout=sending)
        except Exception as error:
            if self._unsent.get(question) is read:
                del self._unsent[question]
            read.settle(None, error)
        else:
            read.settle(row)


class _Read:
    __slots__ = ("seconds", "waiting")

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[Any]] = []
        self.seconds = 0.0

    def settle(self, row: Any, error: Exception | None = None) -> None:
        for future in self.waiting:
            if future.done():
                continue
            if error is None:
                future.set_result(row)
            else:
                future.set_exception(error)
