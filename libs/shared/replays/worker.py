"""The worker that runs the steps of replays: leased, paced, continued after a crash."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import orjson
import structlog

from libs.shared import clock
from libs.shared.bus.retry import Policy, is_outage
from libs.shared.bus.timers.due import Due
from libs.shared.bus.timers.leases import Leases
from libs.shared.contracts.context import AppRef
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Databases
from libs.shared.replays.projection import Projection, ReplayState, Step
from libs.shared.replays.store import ReplayStore

log = structlog.get_logger()

S = TypeVar("S")

SAVE_INTERVAL_S = 0.5
"""Seconds between saves of a replay's state; a kill repeats at most that much."""
POLL_INTERVAL_S = 3.0
"""Seconds between checks of a replay that another replica works on."""
STEP_RETRIES = Policy(attempts=5, first=0.2, longest=5.0)
"""The retry policy of failed steps. Steps that wait for a dependency are retried without end."""


class Replays(Generic[S]):
    """The replays of a service, over all apps. `duty_cycle` is the part of the time that steps may take, 0 to 1."""

    def __init__(
        self,
        service: str,
        projections: Sequence[Projection[S]],
        databases: Databases,
        leases: Leases,
        duty_cycle: float,
    ) -> None:
        self.store = ReplayStore(service)
        self._service = service
        self._projections = {projection.name: projection for projection in projections}
        self._databases = databases
        self._leases = leases
        self._duty_cycle = duty_cycle
        self._running: set[str] = set()

    async def run(self, state: S, due: Due) -> None:
        """Work on due replays until cancelled."""

        async def look(app: AppRef) -> datetime | None:
            return await self._look(state, app)

        await due.run(look)

    async def _look(self, state: S, app: AppRef) -> datetime | None:
        """Work on the replays of an app that no other replica works on. Returns when to look again."""
        rows = await self.store.unfinished(self._databases.of(app))
        for row in rows:
            # A lease does not exclude another task of this replica.
            if row["id"] not in self._running:
                self._running.add(row["id"])
                try:
                    await self._take_up(state, app, row["id"])
                finally:
                    self._running.discard(row["id"])
        return clock.now() + timedelta(seconds=POLL_INTERVAL_S) if rows else None

    async def _take_up(self, state: S, app: AppRef, replay_id: str) -> None:
        lease = f"replay/{self._service}/{replay_id}"
        if lease not in await self._leases.claim([lease]):
            return
        try:
            row = await self.store.find(self._databases.of(app), uuid.UUID(replay_id))
            if row is not None and row["finished_at"] is None:
                await self._work(state, app, row, lease)
        finally:
            await self._leases.release([lease])

    async def _work(self, state: S, app: AppRef, row: Any, lease: str) -> None:
        replay, database = ReplayState(orjson.loads(row["memory"])), self._databases.of(app)
        step = self._step(row["projection"], row["kind"])
        log.info("replay.begun", projection=row["projection"], kind=row["kind"], app_id=app.id)
        try:
            saved, stage = 0.0, replay.get("stage")
            while self._leases.holds(lease):
                finished = await self._pace(state, app, replay, step)
                # A stage is saved at once: no other replica repeats a stage that a paused one may be about to finish.
                if finished or replay.get("stage") != stage or time.monotonic() - saved > SAVE_INTERVAL_S:
                    saved, stage = time.monotonic(), replay.get("stage")
                    await self.store.save(database, row["id"], "done" if finished else "running", replay.values)
                if finished:
                    log.info("replay.done", projection=row["projection"], kind=row["kind"], app_id=app.id)
                    return
        except Exception as error:
            if is_outage(error):
                raise  # the next look continues
            log.error("replay.failed", projection=row["projection"], app_id=app.id, exc_info=error)
            await self.store.save(database, row["id"], "failed", replay.values, _reason(error))

    async def _pace(self, state: S, app: AppRef, replay: ReplayState, step: Step[S]) -> bool:
        """Run one step and its pause. Returns whether it was the last one."""
        began = time.monotonic()
        finished = await _attempted(state, app, replay, step)
        if not finished:
            await asyncio.sleep((time.monotonic() - began) * (1 - self._duty_cycle) / self._duty_cycle)
        return finished

    def _step(self, projection: str, kind: str) -> Step[S]:
        found = self._projections[projection]
        step = found.verify if kind == "verify" else found.rebuild
        assert step is not None, "only what can be rebuilt is begun"
        return step


async def _attempted(state: S, app: AppRef, replay: ReplayState, step: Step[S]) -> bool:
    """A step, repeated a few times if it fails. Raises its error then, and at once if a dependency is down."""
    failures = 0
    while True:
        before = orjson.dumps(replay.values)
        try:
            return await step(state, app, replay)
        except Exception as error:
            replay.values = orjson.loads(before)
            failures += 1
            delay = None if is_outage(error) else STEP_RETRIES.delay(failures)
            if delay is None:
                raise
            log.warning("replay.step_failed", app_id=app.id, error=str(error) or type(error).__name__)
            await asyncio.sleep(delay)


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, RocketError) else type(error).__name__
