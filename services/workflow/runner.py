"""Continues due instances: their calls, and approvals that are overdue.

A replica holds a claimed row for CLAIM_DURATION. Each outcome is recorded in its own transaction, if the row has not
changed since the claim. If it has, another replica has claimed the instance; calls of both carry the same effect key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from libs.shared import clock
from libs.shared.bus.timers.claim_loop import ClaimLoop
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Record
from libs.shared.telemetry import tracing
from services.workflow import calls, recording, store
from services.workflow.engine import advance, awaited
from services.workflow.instance import Instance, StoredInstance
from services.workflow.outcomes import Looked, PendingSignal, StepOutcome
from services.workflow.state import State

log = structlog.get_logger()

CLAIM_DURATION = timedelta(seconds=20)
"""How long a replica holds a claimed instance: longer than a call may take. Each call renews the claim."""
MAX_INSTANCES = 8
"""Instances of an app that are worked on at once."""
TURN_S = 30.0
"""Seconds for which the runner works on one app before it continues with others."""
LOOK_INTERVALS_S = (0.5, 5.0)
"""Shortest and longest pause, in seconds, between looks at an app without due instances."""


async def run(state: State) -> None:
    """Continue due instances until cancelled."""
    await ClaimLoop(state.due, Runner(state), turn_s=TURN_S, looks_s=LOOK_INTERVALS_S).run()


class Runner:
    """The due instances of all apps: the rows of a claim loop."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def claim(self, app: AppRef) -> Sequence[Record]:
        """Instances that are due."""
        return await store.claim(self._state.database(app), clock.now(), clock.now() + CLAIM_DURATION, MAX_INSTANCES)

    async def next_due(self, app: AppRef) -> datetime | None:
        """When an instance is due next."""
        return await store.next_due(self._state.database(app))

    async def work(self, app: AppRef, row: Record) -> None:
        """Continue an instance. Its failure must not stop the others."""
        try:
            stored = store.read(row)
            context = calls.context_for(stored, app)
            with tracing.remote(context):
                await self._go_on(app, stored)
        except Exception as error:
            log.error("workflow.stuck", instance=str(row["id"]), app=app.name, exc_info=error)

    async def _go_on(self, app: AppRef, stored: StoredInstance) -> None:
        """Advance, record, call, and again, until the instance waits or another replica has claimed it."""
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
        """Advance from the outcome of one call to the outcome of the next; None if there is no next call."""
        now = clock.now()
        instance, signals, call = advance(stored.definition, stored.instance, outcome, now)
        if call is not None:
            # No other replica claims it meanwhile.
            instance = replace(instance, due_at=now + CLAIM_DURATION)
        if call is not None and isinstance(outcome, Looked) and not signals:
            following: StoredInstance | None = stored  # it has been claimed for this call, and nothing else has changed
        else:
            following = await self._recorded(app, stored, instance, signals, now)
        if following is None or call is None:
            return None, None
        state = self._state
        context = calls.context_for(following, app)
        return following, await calls.perform(state.core.rpc, state.core.schemas, following, call, context)

    async def _recorded(
        self, app: AppRef, stored: StoredInstance, instance: Instance, signals: Sequence[PendingSignal], now: datetime
    ) -> StoredInstance | None:
        """The stored instance; None when it has been changed meanwhile."""
        async with self._state.transactions.begin(app, emits=bool(signals)) as transaction:
            version = await recording.record(transaction, stored, instance, signals, now)
        return None if version is None else replace(stored, instance=instance, version=version)


def _what(stored: StoredInstance) -> str:
    """The name of the span. A due approval has timed out."""
    return "workflow.timeout" if awaited(stored.definition, stored.instance) else "workflow.advance"
