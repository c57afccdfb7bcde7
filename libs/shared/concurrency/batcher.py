"""Batches: calls that are made at the same moment are handled together.

A batch begins with the first call of a key and takes those that follow in the same turn of the event loop. Nothing
waits for it to fill, so an idle system adds no delay, and a busy one shares more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from libs.shared.concurrency.tasks import TaskSet
from libs.shared.errors import unavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
R = TypeVar("R")


class Batch(Generic[V, R]):
    """The calls of one flush; it is open for more until `take`."""

    __slots__ = ("_close", "futures", "items")

    def __init__(self, close: Callable[[], None]) -> None:
        self.items: list[V] = []
        self.futures: list[asyncio.Future[R]] = []
        self._close = close

    def take(self) -> list[V]:
        """The items of all callers; later calls are of another batch."""
        self._close()
        return self.items

    def resolve(self, results: Sequence[R | BaseException]) -> None:
        """Give each caller its result; cancelled callers are skipped."""
        for future, result in zip(self.futures, results, strict=True):
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)

    def cancel(self) -> None:
        """Cancel all callers."""
        self._close()
        for future in self.futures:
            future.cancel()


class Batcher(Generic[K, V, R]):
    """Calls by key, flushed in batches of at most `max_items`.

    `flush(key, batch)` takes the items and returns one result per item, in order. A result that is an exception is
    raised to its caller. An exception of `flush` itself is raised to all callers of the batch. An item stays in its
    batch when its caller is cancelled.

    With `serial`, a key has one flush at a time, and the calls made meanwhile are the next batch. Otherwise each batch
    is flushed at once. At most `max_pending` calls have no result yet; others are refused with SERVICE_UNAVAILABLE.
    """

    def __init__(
        self,
        name: str,
        flush: Callable[[K, Batch[V, R]], Awaitable[Sequence[R | BaseException]]],
        *,
        max_items: int,
        max_pending: int,
        serial: bool,
    ) -> None:
        self._name = name
        self._flush = flush
        self._max_items = max_items
        self._max_pending = max_pending
        self._serial = serial
        self._pending = 0
        self._open: dict[K, Batch[V, R]] = {}
        self._queues: dict[K, deque[Batch[V, R]]] = {}
        """Where flushes are serial: the batches that wait for the flush of their key."""
        self._tasks = TaskSet(name)

    def call(self, key: K, item: V) -> asyncio.Future[R]:
        """The result of `item`, to be awaited. Raises SERVICE_UNAVAILABLE when too many calls are pending."""
        if self._pending >= self._max_pending:
            raise unavailable(self._name)
        batch = self._open.get(key)
        if batch is None:
            batch = self._begin(key)
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        batch.items.append(item)
        batch.futures.append(future)
        self._pending += 1
        if len(batch.items) == self._max_items:
            del self._open[key]
        return future

    def _begin(self, key: K) -> Batch[V, R]:
        def close() -> None:
            if self._open.get(key) is batch:
                del self._open[key]

        batch = self._open[key] = Batch[V, R](close)
        if not self._serial:
            self._tasks.start(self._flush_one(key, batch))
        elif (queue := self._queues.get(key)) is not None:
            queue.append(batch)
        else:
            self._queues[key] = deque((batch,))
            self._tasks.start(self._flush_in_turn(key))
        return batch

    async def _flush_in_turn(self, key: K) -> None:
        queue = self._queues[key]
        try:
            while queue:
                await self._flush_one(key, queue.popleft())
        finally:
            del self._queues[key]
            for batch in queue:
                self._end(batch)

    async def _flush_one(self, key: K, batch: Batch[V, R]) -> None:
        try:
            batch.resolve(await self._flush(key, batch))
        except Exception as error:
            batch.resolve([error] * len(batch.take()))
        finally:
            self._end(batch)

    def _end(self, batch: Batch[V, R]) -> None:
        """Remove the batch and cancel the callers that have no result yet."""
        batch.cancel()
        self._pending -= len(batch.items)
