"""Timers for all apps: one index of due work, in place of polling the database of every app.

`bus.due` has one row per service and app: the earliest moment at which that app has work. It is armed before the
transaction that creates the work commits, so a crash in between costs an empty look and no timer is lost. For the same
reason a row outlives an empty look by SETTLING_S seconds. A claimed row is moved ahead by CLAIM_S seconds; if its
worker dies, it is due again then. New work does not wait for the index: `wake(app)` starts it in this process.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from libs.shared import clock
from libs.shared.bus.apps import Apps
from libs.shared.bus.standstills import Standstills, reason_of
from libs.shared.concurrency.tasks import TaskSet
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Databases, on_commit

log = structlog.get_logger()

POLL_INTERVAL_S = 0.5
"""Seconds between reads of the index; the precision of timers."""
CLAIM_S = 20.0
"""Seconds for which a claimed app is not claimed again; after that its worker counts as dead."""
SETTLING_S = 60.0
"""Seconds that a row stays after it was armed: longer than the transaction it was armed for can last."""
MAX_APPS = 16
"""Apps worked on at once."""

ARM = """
INSERT INTO bus.due AS d (service, app_id, at) VALUES ($1, $2::text::uuid, $3)
ON CONFLICT (service, app_id) DO UPDATE SET at = least(d.at, excluded.at), armed_at = now()
"""
TAKE = """
UPDATE bus.due SET at = $2 WHERE (service, app_id) IN (
    SELECT service, app_id FROM bus.due WHERE service = $1 AND at <= $3
    ORDER BY at LIMIT $4 FOR UPDATE SKIP LOCKED
) RETURNING app_id::text
"""
SETTLE = """
WITH next AS (
    SELECT least(coalesce($4::timestamptz, 'infinity'),
                 CASE WHEN armed_at > now() - $5 * interval '1 second' THEN armed_at + $5 * interval '1 second'
                      ELSE 'infinity' END) AS at
    FROM bus.due WHERE service = $1 AND app_id = $2::text::uuid AND at = $3 FOR UPDATE
), finished AS (
    DELETE FROM bus.due USING next WHERE service = $1 AND app_id = $2::text::uuid AND next.at = 'infinity'
)
UPDATE bus.due SET at = next.at FROM next
WHERE service = $1 AND app_id = $2::text::uuid AND next.at < 'infinity'
"""

Work = Callable[[AppRef], Awaitable[datetime | None]]


class Due:
    """The due apps of one service. At most `max_apps` are worked on at once."""

    def __init__(self, databases: Databases, apps: Apps, service: str, max_apps: int = MAX_APPS) -> None:
        self._db = databases.platform
        self._apps = apps
        self._service = service
        self._standstills = Standstills(service.partition("/")[0], databases)
        self._awake: set[str] = set()
        self._running: set[str] = set()
        self._wake = asyncio.Event()
        self._max_apps = max_apps
        self._free = asyncio.Semaphore(max_apps)
        self._tasks = TaskSet(f"timers of {service}")
        self.is_closing = False
        """Whether work is to end: `run` was cancelled."""

    @property
    def _timers(self) -> str:
        return f"timers of {self._service}"

    async def arm(self, app_id: str, at: datetime) -> None:
        """Make the app due no later than `at`. Call it before the transaction of the work commits."""
        await self._db.execute(ARM, self._service, app_id, at)

    def wake(self, app: AppRef) -> None:
        """Start the due work of this app at once."""
        if on_commit(partial(self.wake, app)):
            return
        self._awake.add(app.id)
        self._wake.set()

    async def run(self, work: Work, drain_s: float = 0.0) -> None:
        """Call `work(app)` for every app that is due, until cancelled; calls under way have `drain_s` to end then.

        `work` does the due work and returns when it is to be called next (None: not before the app is armed again). It
        may run for the same app on two replicas at once.
        """
        self.is_closing = False
        try:
            while True:
                await self._round(work)
        finally:
            self.is_closing = True
            await self._tasks.close(drain_s)

    async def _round(self, work: Work) -> None:
        self._wake.clear()
        for app_id in [a for a in self._awake if a not in self._running]:
            self._awake.discard(app_id)
            await self._begin(app_id, None, work)
        try:
            now = clock.now()
            claimed = now + timedelta(seconds=CLAIM_S)
            for row in await self._db.fetch(TAKE, self._service, claimed, now, self._max_apps):
                await self._begin(row["app_id"], claimed, work)
        except Exception as error:
            log.warning("due.not_read", error=str(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), POLL_INTERVAL_S)

    async def _begin(self, app_id: str, claimed: datetime | None, work: Work) -> None:
        await self._free.acquire()
        self._running.add(app_id)
        self._tasks.start(self._one(app_id, claimed, work))

    async def _one(self, app_id: str, claimed: datetime | None, work: Work) -> None:
        app = None
        try:
            app = await self._apps.by_id(app_id)
            after = await work(app) if app else None
            if claimed is None:
                if after is not None:
                    await self.arm(app_id, after)
            else:
                await self._db.execute(SETTLE, self._service, app_id, claimed, after, SETTLING_S)
            await self._standstills.clear(app, self._timers)
        except Exception as error:
            # The claim lapses, and the app is looked at again.
            log.warning("due.work_failed", app_id=app_id, error=str(error), exc_info=error)
            await self._standstills.note(app, self._timers, reason_of(error))
        finally:
            self._running.discard(app_id)
            self._free.release()
            if app_id in self._awake:
                self._wake.set()
