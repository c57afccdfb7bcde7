"""A queue of tasks that wait for an object to be handed to them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

SWEEP_INTERVAL_S = 0.05
"""Seconds between searches for waiters whose time is up."""


class WaitQueue(Generic[T]):
    """Waiters in order of arrival, each with a time limit.

    One timer serves all of them. With `asyncio.wait` or a timeout for each, waiting for connections took a fifth of
    the data service's time for lists.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[asyncio.Future[T | None], float, float]] = deque()
        """The waiters: future, start of the wait, end of the wait."""
        self._sweeping: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        """Whether there are waiters."""
        return self.since is not None

    @property
    def since(self) -> float | None:
        """When the longest wait began, by the loop's clock; None without waiters."""
        while self._waiting and self._waiting[0][0].done():
            self._waiting.popleft()
        return self._waiting[0][1] if self._waiting else None

    async def wait(self, seconds: float, unwanted: Callable[[T], None]) -> T | None:
        """Return the object handed over, or None after `seconds` (and up to SWEEP_INTERVAL_S more).

        `unwanted` gets the object if the waiter is cancelled in the same moment.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T | None] = loop.create_future()
        now = loop.time()
        self._waiting.append((future, now, now + seconds))
        if self._sweeping is None:
            self._sweeping = loop.call_later(SWEEP_INTERVAL_S, self._sweep)
        try:
            return await future
        except asyncio.CancelledError:
            if not future.cancelled() and (handed := future.result()) is not None:
                unwanted(handed)
            raise

    def hand(self, thing: T) -> bool:
        """Give the object to the longest waiter; False without waiters."""
        while self._waiting:
            future, _, _ = self._waiting.popleft()
            if not future.done():
                future.set_result(thing)
                return True
        return False

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for future, _, until in self._waiting:
            if until <= now and not future.done():
                future.set_result(None)
        self._waiting = deque(each for each in self._waiting if not each[0].done())
        self._sweeping = loop.call_later(SWEEP_INTERVAL_S, self._sweep) if self._waiting else None
