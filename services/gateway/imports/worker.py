"""Works on import jobs: claims those that are due, reads their files, and has data write batch after batch.

Data keeps the progress in the transaction of each batch, and gives a job to one worker at a time. So a worker may die
at any moment: when its claim has lapsed, another one goes on behind the last row that is done.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import structlog

from libs.shared import clock
from libs.shared.bus.standstills import Standstills, reason_of
from libs.shared.bus.timers.due import Due
from libs.shared.concurrency.tasks import TaskSet
from libs.shared.contracts import imports as contracts
from libs.shared.contracts.context import AppRef, system_context
from libs.shared.errors import RocketError
from libs.shared.runtime import Core
from services.gateway.files.storage import Storage
from services.gateway.files.sweeping import Sweeper
from services.gateway.identity.realms import Accounts
from services.gateway.imports.job_run import ClaimLost, JobRun

log = structlog.get_logger()

MAX_JOBS = 4
"""Jobs that one gateway works on at once."""
TIMEOUT_S = 30.0
"""For one look at an app."""
SOON_S = 1.0
"""Until an app is looked at again whose jobs wait for a place."""
WHAT = "imports"
"""The name of the worker in standstills."""


class ImportWorker:
    """The import jobs that one gateway carries out."""

    def __init__(self, core: Core, storage: Storage, sweeper: Sweeper, accounts: Accounts, max_rows: int) -> None:
        self._core = core
        self._storage = storage
        self._sweeper = sweeper
        self._accounts = accounts
        self._max_rows = max_rows
        self._due = Due(core.databases, core.apps, f"{core.name}/imports")
        self._standstills = Standstills(core.name, core.databases)
        self._tasks = TaskSet("imports")
        self.running = self.rows = self.interrupted = 0
        """For the metrics: jobs under way, rows that are done, and jobs that had to be left to the next claim."""

    async def arm(self, app: AppRef) -> None:
        """Have the app looked at soon. Await it before a job is made or goes on."""
        await self._due.arm(app.id, clock.now())

    def wake(self, app: AppRef) -> None:
        """Look at the app now."""
        self._due.wake(app)

    async def run(self) -> None:
        """Work until cancelled. A batch that is cut off is rolled back, or done; the next worker finds out."""
        await self._core.connection.established()
        try:
            await self._due.run(self._look)
        finally:
            await self._tasks.close()

    async def _look(self, app: AppRef) -> datetime | None:
        """Claim jobs and begin to work on them. Returns when to look again."""
        context = system_context(TIMEOUT_S, app)
        claimed = await self._core.rpc.request(contracts.ClaimImports(MAX_JOBS - self.running), context)
        for job in claimed.jobs:
            self.running += 1
            self._tasks.start(self._work(app, contracts.ClaimedImport(**job)))
        pruned = await self._core.rpc.request(contracts.PruneImports(), system_context(TIMEOUT_S, app))
        for file_id in pruned.file_ids:
            await self._discard(app, file_id)
        waits = [max(SOON_S, wait) for wait in (claimed.next_in, pruned.next_in) if wait is not None]
        return clock.now() + timedelta(seconds=min(waits)) if waits else None

    async def _work(self, app: AppRef, job: contracts.ClaimedImport) -> None:
        run = JobRun(self._core.rpc, self._accounts, app, job, self._max_rows)
        try:
            await run.carry_out(partial(self._storage.open, app.id, job.file_id))
            await self._standstills.clear(app, WHAT)
            if job.file_id and run.is_done:
                await self._discard(app, job.file_id)
        except ClaimLost:
            log.info("import.claim_lost", app_id=app.id, import_id=job.id)
        except Exception as error:
            # The claim lapses, and the job is claimed again.
            unexpected = None if isinstance(error, RocketError) else error
            log.warning("import.interrupted", app_id=app.id, import_id=job.id, error=str(error), exc_info=unexpected)
            self.interrupted += 1
            await self._standstills.note(app, WHAT, reason_of(error))
        finally:
            self.running -= 1
            self.rows += run.done - job.done
            self._due.wake(app)

    async def _discard(self, app: AppRef, file_id: str) -> None:
        await self._sweeper.arm(app)
        await self._sweeper.discard(system_context(TIMEOUT_S, app), file_id)
