"""Work that blocks (XML signatures, LDAP), in a few threads with a bounded queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from libs.shared.errors import RocketError, unavailable

T = TypeVar("T")


class Threads:
    """A pool of `count` threads; more than `max_waiting` calls at once are refused (503)."""

    def __init__(self, name: str, count: int, max_waiting: int, timeout_s: float) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._max_waiting = max_waiting
        self._timeout_s = timeout_s
        self._waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises. Raises SERVICE_UNAVAILABLE when too many wait, TimeoutError when it hangs."""
        if self._waiting >= self._max_waiting:
            busy = unavailable("login")
            raise RocketError(busy.code, busy.message, headers={"Retry-After": "1"})
        self._waiting += 1
        loop = asyncio.get_running_loop()
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._done(loop))
        async with asyncio.timeout(self._timeout_s):
            return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Begin no further work."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _done(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(self._forget)

    def _forget(self) -> None:
        self._waiting -= 1
