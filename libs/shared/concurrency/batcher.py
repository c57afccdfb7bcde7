"""Batches: calls that are made at the same moment are handled together.

A batch begins with the first call of a key and takes the calls that follow in the same turn of the event loop. Nothing
waits for it to fill, so an idle system adds no delay, and a busy one shares more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from libs.shared.concurrency.tasks import TaskSet
from libs.shared.errors import unavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
R = TypeVar("R")

Call = tuple[V, "asyncio.Future[R]"]


class Batcher(Generic[K, V, R]):
    """Calls by key, flushed in batches of at most `max_items`.

    `flush(key, items)` answers one result per item, in order. A result that is an exception is raised to its caller;
    what `flush` itself raises is raised to all callers of the batch. An item stays in its batch when its caller gives
    up.

    With `serial`, a key has one flush at a time, and the calls made meanwhile are the next batch. Otherwise each batch
    is flushed at once. At most `max_waiting` calls wait to be flushed; others are refused with SERVICE_UNAVAILABLE.
    """

    def __init__(
        self,
        name: str,
        flush: Callable[[K, list[V]], Awaitable[Sequence[R | BaseException]]],
        *,
        max_items: int,
        max_waiting: int,
        serial: bool,
    ) -> None:
        self._name = name
        self._flush = flush
        self._max_items = max_items
        self._max_waiting = max_waiting
        self._serial = serial
        self._waiting: dict[K, list[Call[V, R]]] = {}
        self._count = 0
        self._tasks = TaskSet(name)

    def call(self, key: K, item: V) -> asyncio.Future[R]:
        """The result of `item`, to be awaited. Raises SERVICE_UNAVAILABLE when too many calls wait."""
        if self._count >= self._max_waiting:
            raise unavailable(self._name)
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = []
            self._tasks.start(self._flush_all(key, waiting) if self._serial else self._flush_once(key, waiting))
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        waiting.append((item, future))
        self._count += 1
        if not self._serial and len(waiting) == self._max_items:
            del self._waiting[key]
        return future

    async def _flush_once(self, key: K, batch: list[Call[V, R]]) -> None:
        if self._waiting.get(key) is batch:
            del self._waiting[key]
        await self._flush_batch(key, batch)

    async def _flush_all(self, key: K, waiting: list[Call[V, R]]) -> None:
        try:
            while waiting:
                batch = waiting[: self._max_items]
                del waiting[: self._max_items]
                await self._flush_batch(key, batch)
        finally:
            del self._waiting[key]
            self._count -= len(waiting)
            for _, future in waiting:
                future.cancel()

    async def _flush_batch(self, key: K, batch: list[Call[V, R]]) -> None:
        self._count -= len(batch)
        try:
            results = await self._flush(key, [item for item, _ in batch])
        except Exception as error:
            results = [error] * len(batch)
        except BaseException:
            for _, future in batch:
                future.cancel()
            raise
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue  # its caller has given up
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)
