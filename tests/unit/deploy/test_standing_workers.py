"""Work that fails and is tried again is noted where readiness shows it, and no more when it goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from libs.shared.bus.standstills import CLEAR, NOTE, Standstills
from libs.shared.contracts.context import AppRef
from libs.shared.runtime.run import _endless
from services.data.log.store import TAKEN
from services.data.log.watermarks import Watermarks

APP = AppRef("0190b6c0-0000-7000-8000-000000000000", "shop", "app_shop")


class Platform:
    """Takes notes."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, Any, Any]] = []
        self.changed = asyncio.Event()

    async def execute(self, statement: str, service: str, app_id: str, *values: Any) -> None:
        what = values[1] if statement == NOTE else values[0]
        self.noted.append(({NOTE: "note", CLEAR: "clear"}[statement], app_id, what))
        self.changed.set()


class Log:
    """A database that fails at first."""

    name = "app_shop"
    failures = 1

    async def fetchval(self, statement: str, *values: Any) -> Any:
        if statement == TAKEN and self.failures:
            self.failures -= 1
            raise OSError("away")
        return 7

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        return []


class Databases:
    def __init__(self) -> None:
        self.platform, self.log = Platform(), Log()

    def of(self, app: AppRef) -> Log:
        return self.log


async def until(platform: Platform, holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            platform.changed.clear()
            await platform.changed.wait()


async def test_a_worker_that_ends_with_an_error() -> None:
    databases: Any = Databases()

    async def worker(state: None) -> None:
        raise OSError("away")

    task = asyncio.create_task(_endless("worker counts", worker, None, Standstills("data", databases)))
    await until(databases.platform, lambda: bool(databases.platform.noted))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert databases.platform.noted[0] == ("note", "", "worker counts")


async def test_a_log_that_cannot_be_followed_for_a_while() -> None:
    databases: Any = Databases()
    watermarks = Watermarks(databases)
    try:
        assert await watermarks.beyond(APP, 0, 10.0) == 7
        await until(databases.platform, lambda: len(databases.platform.noted) > 1)
    finally:
        await watermarks.close()
    assert databases.platform.noted == [("note", APP.id, "live changes"), ("clear", APP.id, "live changes")]
