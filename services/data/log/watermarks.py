"""Follows the settled position of each app's log, while requests wait for it: one follower per log."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from libs.shared.bus.outbox.watermark import Watermark
from libs.shared.bus.outbox.writers import close_taken
from libs.shared.bus.standstills import Standstills, reason_of
from libs.shared.concurrency.tasks import TaskSet
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database, Databases
from services.data.log import store

log = structlog.get_logger()

POLL_S = 0.1
"""Seconds between polls of a log with waiting requests; commits of this replica wake its follower at once."""
GAP_POLL_S = (0.002, 0.05)
"""Shortest and longest wait, in seconds, between looks at the writers that may fill a gap."""
IDLE_S = 30.0
"""Seconds after which a log without waiting requests is no longer followed."""
RETRY_S = 0.5
BATCH_POSITIONS = 2_000
MAX_WAITING = 64
"""Requests that wait at once; more are answered at once, so that waiting never takes all places of this replica."""
STANDSTILL = "live changes"
"""The name of the function that stops while the log of an app can't be followed."""


class LogFollower:
    """The watermark of one log, and those who wait for it to rise."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watermark = Watermark(-1)
        self._wanted_at = time.monotonic()
        self._woken = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def position(self) -> int:
        """The watermark; -1 until the log was looked at."""
        return self._watermark.position

    @property
    def is_idle(self) -> bool:
        """Whether no request has waited for IDLE_S."""
        return time.monotonic() - self._wanted_at >= IDLE_S

    def wake(self) -> None:
        """Look at once: something was committed."""
        self._woken.set()

    async def beyond(self, after: int) -> int:
        """The watermark, once it is beyond `after`."""
        while self.position <= after:
            self._wanted_at = time.monotonic()
            self._woken.set()
            await self._moved.wait()
        return self.position

    async def follow(self, on_success: Callable[[], Awaitable[None]]) -> None:
        """Follow the log until it is idle; calls `on_success` whenever it could be read."""
        if self.position < 0:
            taken = await store.taken_position(self._database)
            await close_taken(self._watermark, self._database, store.LOG_TABLE, taken, GAP_POLL_S)
            self._notify()
        while not self.is_idle:
            self._woken.clear()
            advanced = await self._advance()
            await on_success()
            if not advanced:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), POLL_S)

    async def _advance(self) -> bool:
        """Raise the watermark over new commits; returns whether there were any."""
        positions = await store.positions_behind(self._database, self.position, BATCH_POSITIONS)
        if not positions:
            return False
        if not self._watermark.pass_visible(positions):
            await close_taken(self._watermark, self._database, store.LOG_TABLE, positions[-1], GAP_POLL_S)
        self._notify()
        return True

    def _notify(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


class Watermarks:
    """The followed logs of all apps."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._followers: dict[str, LogFollower] = {}
        self._tasks = TaskSet("watermarks")
        self._waiting = 0
        self._standstills = Standstills("data", databases)

    def wake(self, app_id: str) -> None:
        """A commit was made, by this replica or one that announced it."""
        if follower := self._followers.get(app_id):
            follower.wake()

    async def beyond(self, app: AppRef, after: int, timeout_s: float) -> int:
        """The watermark of an app's log, once it is beyond `after` or `timeout_s` seconds have passed."""
        is_crowded = self._waiting >= MAX_WAITING
        self._waiting += 1
        try:
            return await self._beyond(app, after, 0.0 if is_crowded else timeout_s)
        finally:
            self._waiting -= 1

    async def _beyond(self, app: AppRef, after: int, timeout_s: float) -> int:
        follower = self._followers.get(app.id)
        if follower is None:
            follower = self._followers[app.id] = LogFollower(self._databases.of(app))
            self._tasks.start(self._follow(app, follower))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await follower.beyond(after)
        if follower.position < 0:
            await follower.beyond(-1)  # the first look is not done yet
        return follower.position

    async def close(self) -> None:
        """Follow no log any more."""
        await self._tasks.close()

    async def _follow(self, app: AppRef, follower: LogFollower) -> None:
        try:
            while not follower.is_idle:
                try:
                    await follower.follow(partial(self._standstills.clear, app, STANDSTILL))
                except Exception as error:
                    log.warning("live.log_not_read", app_id=app.id, error=type(error).__name__)
                    await self._standstills.note(app, STANDSTILL, reason_of(error))
                    await asyncio.sleep(RETRY_S)
        finally:
            del self._followers[app.id]
