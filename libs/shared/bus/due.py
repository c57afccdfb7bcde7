"""Timers for all apps: one index of what is due, never a poll of every app's database.

`bus.due` has one row per service and app: the earliest moment at which that app has work. It is armed
before the transaction that creates the work commits, so a crash in between costs an empty look, never
a forgotten timer. A claimed row is pushed ahead by CLAIM seconds; if its worker dies, it comes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from libs.shared import clock
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Databases
from libs.shared.bus.apps import Apps

log = structlog.get_logger()

POLL = 0.5
"""Seconds between looks at the index; the precision of timers."""
CLAIM = 60.0
WIDTH = 16
"""Apps worked on at once."""

ARM = """
INSERT INTO bus.due AS d (service, app_id, at) VALUES ($1, $2::text::uuid, $3)
ON CONFLICT (service, app_id) DO UPDATE SET at = least(d.at, excluded.at) WHERE d.at > excluded.at
"""
TAKE = """
UPDATE bus.due SET at = $2 WHERE (service, app_id) IN (
    SELECT service, app_id FROM bus.due WHERE service = $1 AND at <= $3
    ORDER BY at LIMIT $4 FOR UPDATE SKIP LOCKED
) RETURNING app_id::text
"""
SETTLE = "UPDATE bus.due SET at = $4 WHERE service = $1 AND app_id = $2::text::uuid AND at = $3"
FINISH = "DELETE FROM bus.due WHERE service = $1 AND app_id = $2::text::uuid AND at = $3"

Work = Callable[[AppRef], Awaitable[datetime | None]]


class Due:
    """The due-index as one service sees it."""

    def __init__(self, databases: Databases, apps: Apps, service: str, width: int = WIDTH) -> None:
        self._db = databases.platform
        self._apps = apps
        self._service = service
        self._wake = asyncio.Event()
        self._free = asyncio.Semaphore(width)
        self._tasks: set[asyncio.Task[None]] = set()

    async def arm(self, app_id: str, at: datetime) -> None:
        """Have the app looked at no later than `at`. Call it before the work's transaction commits."""
        await self._db.execute(ARM, self._service, app_id, at)

    def wake(self) -> None:
        """Look at once: something has just become due."""
        self._wake.set()

    async def run(self, work: Work) -> None:
        """Call `work(app)` for every app that is due, until cancelled.

        `work` does what is due and answers when it wants to be called next (None: not before it is
        armed again). It may run for the same app on two replicas at once.
        """
        try:
            while True:
                await self._round(work)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _round(self, work: Work) -> None:
        self._wake.clear()
        try:
            now = clock.now()
            claimed = now + timedelta(seconds=CLAIM)
            for row in await self._db.fetch(TAKE, self._service, claimed, now, WIDTH):
                await self._free.acquire()
                task = asyncio.create_task(self._one(row["app_id"], claimed, work))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except Exception as error:
            log.warning("due.not_read", error=str(error))
        try:
            await asyncio.wait_for(self._wake.wait(), POLL)
        except TimeoutError:
            return

    async def _one(self, app_id: str, claimed: datetime, work: Work) -> None:
        try:
            app = await self._apps.by_id(app_id)
            after = await work(app) if app else None
            if after is None:
                await self._db.execute(FINISH, self._service, app_id, claimed)
            else:
                await self._db.execute(SETTLE, self._service, app_id, claimed, after)
        except Exception as error:
            # The claim lapses by itself and the app is looked at again.
            log.warning("due.work_failed", app_id=app_id, error=str(error), exc_info=error)
        finally:
            self._free.release()
