"""Follows how far the log of each watched app is settled: one request to data for all streams of an app."""

from __future__ import annotations

import asyncio
import contextlib
import time

import structlog

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.concurrency.tasks import TaskSet
from libs.shared.contracts.context import AppRef, system_context
from libs.shared.contracts.live import AwaitCommits
from libs.shared.errors import RocketError

log = structlog.get_logger()

LONG_POLL_S = 10.0
"""How long data waits for a new position before it responds."""
IDLE_S = 30.0
"""After which an app without a stream is no longer followed."""
PAUSE_S = 0.25
"""Pause before the next request after one without a new position, or without a response."""


class _FollowedApp:
    """The last known settled position of one app."""

    def __init__(self, app: AppRef) -> None:
        self.app = app
        self.position = -1
        self.wanted = time.monotonic()
        self.gone = False
        self._moved = asyncio.Event()

    async def beyond(self, after: int) -> int:
        while self.position <= after and not self.gone:
            self.wanted = time.monotonic()
            await self._moved.wait()
        return self.position

    def move(self, position: int) -> None:
        if position > self.position:
            self.position = position
            self.awaken()

    def awaken(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


class Hub:
    """The apps that this process follows."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc
        self._followed: dict[str, _FollowedApp] = {}
        self._tasks = TaskSet("live")
        self.closing = False

    async def beyond(self, app: AppRef, after: int, wait: float) -> int:
        """The settled position of the app's log, once it is beyond `after` or `wait` seconds have passed.

        May be less than `after`, which another gateway may have read. -1 if nothing is known yet.
        """
        followed = self._followed.get(app.id)
        if followed is None:
            followed = self._followed[app.id] = _FollowedApp(app)
            self._tasks.start(self._follow(followed))
        followed.wanted = time.monotonic()
        if not self.closing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await followed.beyond(after)
        return followed.position

    async def close(self) -> None:
        """Wake all waiting streams, so that they end; follow nothing any more."""
        self.closing = True
        for followed in self._followed.values():
            followed.gone = True
            followed.awaken()
        await self._tasks.close()

    async def _follow(self, followed: _FollowedApp) -> None:
        try:
            while time.monotonic() - followed.wanted < IDLE_S and not followed.gone:
                if not await self._ask(followed):
                    await asyncio.sleep(PAUSE_S)
        finally:
            self._followed.pop(followed.app.id, None)

    async def _ask(self, followed: _FollowedApp) -> bool:
        """Request the position from data once. Returns whether it is new."""
        before = followed.position
        context = system_context(LONG_POLL_S + 5, followed.app)
        try:
            settled = await self._rpc.request(AwaitCommits(before, LONG_POLL_S), context)
        except RocketError as error:
            if error.code == "APP_NOT_FOUND":
                followed.gone = True
                followed.awaken()
            return False
        except Exception as error:
            log.warning("live.not_followed", app_id=followed.app.id, error=type(error).__name__)
            return False
        followed.move(settled.position)
        return settled.position > before
