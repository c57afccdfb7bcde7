"""The worker that takes due instances on: what they have to do, and approvals that are overdue.

A taken row is ours for CLAIM seconds. Each outcome is recorded in a transaction of its own, if the row
is still as we left it; if not, another replica has it, and what we did twice had one effect key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from libs.shared import clock
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Record
from libs.shared.telemetry import tracing
from services.workflow import calls as outside
from services.workflow import recording, store
from services.workflow.engine import advance, awaited
from services.workflow.instance import Instance, StoredInstance
from services.workflow.outcomes import Effect, Looked, SetField, StepOutcome
from services.workflow.state import State

log = structlog.get_logger()

CLAIM = timedelta(seconds=20)
"""How long a taken instance is ours: longer than an effect may take, renewed before each."""
MAX_INSTANCES = 8
"""Instances of an app that are worked on at once."""
TURN = timedelta(seconds=30)
"""How long an app may keep us before the others have their turn."""
ONCE_MORE = (timedelta(seconds=0.5), timedelta(seconds=5))
"""Looks at an app in which nothing is due any more: who armed the timer may commit only after we looked."""


async def run(state: State) -> None:
    """Work on what is due until cancelled."""
    runner = Runner(state)
    await state.due.run(runner.work)


class Runner:
    """What one replica does for the apps that are due."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._quiet: dict[str, int] = {}

    async def work(self, app: AppRef) -> datetime | None:
        """Do what is due in an app; answers when to look again."""
        database = self._state.database(app)
        begun, found = clock.now(), False
        while rows := await store.claim(database, clock.now(), clock.now() + CLAIM, MAX_INSTANCES):
            found = True
            await self._state.relay.activate(app)
            await asyncio.gather(*(self._take(app, row) for row in rows))
            if clock.now() - begun > TURN:
                return clock.now()
        moments = (await store.next_due(database), self._once_more(app.id, found))
        return min((moment for moment in moments if moment), default=None)

    def _once_more(self, app_id: str, found: bool) -> datetime | None:
        looks = 0 if found else self._quiet.get(app_id, 0)
        if looks == len(ONCE_MORE):
            self._quiet.pop(app_id, None)
            return None
        self._quiet[app_id] = looks + 1
        return clock.now() + ONCE_MORE[looks]

    async def _take(self, app: AppRef, row: Record) -> None:
        """One instance; its failure must not keep the others from going on."""
        try:
            stored = store.read(row)
            context = outside.context_for(stored, app)
            with tracing.remote(context):
                await self._go_on(app, stored)
        except Exception as error:
            log.error("workflow.stuck", instance=str(row["id"]), app=app.name, exc_info=error)

    async def _go_on(self, app: AppRef, stored: StoredInstance) -> None:
        """Decide, record, have the effect, and again, until the instance has to wait or is another's."""
        outcome: StepOutcome | None = Looked()
        following: StoredInstance | None = stored
        while following is not None and outcome is not None:
            with tracing.span("workflow", "engine", _what(following), following.origin.entity) as span:
                span.record_id = following.origin.record_id
                span.metadata["workflow"] = following.instance.workflow_name
                following, outcome = await self._one_stretch(app, following, outcome)

    async def _one_stretch(
        self, app: AppRef, stored: StoredInstance, outcome: StepOutcome
    ) -> tuple[StoredInstance | None, StepOutcome | None]:
        """From one effect in another service to the outcome of the next, if there is a next."""
        now = clock.now()
        instance, effects = advance(stored.definition, stored.instance, outcome, now)
        call = effects[-1] if effects and isinstance(effects[-1], SetField) else None
        if call is not None:
            # Not to be taken by others while we are at it.
            instance = replace(instance, due_at=now + CLAIM)
        if not (call is not None and isinstance(outcome, Looked) and len(effects) == 1):
            following = await self._recorded(app, stored, instance, effects, now)
        else:
            following = stored
        if following is None or call is None:
            return None, None
        state = self._state
        context = outside.context_for(following, app)
        return following, await outside.perform(state.core.rpc, state.core.schemas, following, call, context)

    async def _recorded(
        self, app: AppRef, stored: StoredInstance, instance: Instance, effects: Sequence[Effect], now: datetime
    ) -> StoredInstance | None:
        """The instance as it is stored now; None when somebody else has changed it meanwhile."""
        async with self._state.database(app).transaction() as transaction:
            version = await recording.record(self._state, transaction, stored, instance, effects, now)
        self._state.relay.wake(app)
        return None if version is None else replace(stored, instance=instance, version=version)


def _what(stored: StoredInstance) -> str:
    """The span's name: an approval that is taken up by the timer is overdue."""
    return "workflow.timeout" if awaited(stored.definition, stored.instance) else "workflow.advance"
