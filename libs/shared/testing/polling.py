"""The one way to wait for something in a test."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(check: Callable[[], Awaitable[T | None]], *, within: float = 10.0, every: float = 0.02) -> T: ...
@overload
async def eventually(check: Callable[[], T | None], *, within: float = 10.0, every: float = 0.02) -> T: ...
async def eventually(check: Callable[[], Any], *, within: float = 10.0, every: float = 0.02) -> Any:
    """Call `check` (plain or async) until it returns something truthy, and return that.

    `within` and `every` are seconds. An exception counts as "not yet"; when time is up,
    AssertionError says what the last call raised or returned.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                result = check()
                value = await result if inspect.isawaitable(result) else result
            if value:
                return value
            last = f"last value {value!r}"
        except Exception as error:
            last = f"last error {error!r}"
        if loop.time() >= deadline:
            raise AssertionError(f"not within {within} s: {last}")
        await asyncio.sleep(every)
