"""Starts the instances of schedules whose time has come, exactly once for each time and record.

A replica holds a claimed schedule for CLAIM_DURATION and renews the claim with every page of records. What it starts is
committed together with its progress; the key of an instance names time and record, so that a page that is worked on
twice starts nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from libs.shared import clock
from libs.shared.bus.timers.claim_loop import ClaimLoop
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.effects import PageRecords, RecordPage
from libs.shared.contracts.schedules import ScheduleFailed
from libs.shared.errors import RocketError
from libs.shared.ids import random_uuid
from libs.shared.schema.workflows import ScheduleTrigger
from libs.shared.telemetry import tracing
from services.workflow import starting
from services.workflow.history.instances import trigger_span_id
from services.workflow.schedules import store, times
from services.workflow.schedules.store import ClaimedSchedule
from services.workflow.starting import Start
from services.workflow.state import State
from services.workflow.triggers import Workflow

log = structlog.get_logger()

CLAIM_DURATION = timedelta(seconds=30)
"""How long a replica holds a claimed schedule: longer than a page takes."""
MAX_SCHEDULES = 4
"""Schedules of an app that are worked on at once."""
PAGE_RECORDS = 100
"""Records of a page, whose instances are started in one transaction."""
TURN_S = 30.0
"""Seconds for which the worker works on one app before it continues with others."""
CALL_TIMEOUT_S = 10.0


async def run(state: State) -> None:
    """Start what is due until cancelled."""
    await ClaimLoop(state.schedules, Schedules(state), turn_s=TURN_S).run()


@dataclass(frozen=True, slots=True)
class DueSchedule:
    """A schedule at work: its workflow, the time that has come, the next one."""

    held: ClaimedSchedule
    workflow: Workflow
    trigger: ScheduleTrigger
    firing: times.Firing
    trace_id: str


class Schedules:
    """The due schedules of all apps: the rows of a claim loop."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def claim(self, app: AppRef) -> Sequence[ClaimedSchedule]:
        """Schedules whose time has come."""
        now = clock.now()
        return await store.claim(self._state.database(app), now, now + CLAIM_DURATION, MAX_SCHEDULES)

    async def next_due(self, app: AppRef) -> datetime | None:
        """When a schedule is due next."""
        return await store.next_due(self._state.database(app))

    async def work(self, app: AppRef, row: ClaimedSchedule) -> None:
        """Start the instances of a time. What can't be started is told in a signal, and the next time comes."""
        workflow = (await self._state.workflows.load(app)).by_id.get(row.workflow_id)
        trigger = workflow.definition.trigger if workflow and workflow.definition.active else None
        if workflow is None or not isinstance(trigger, ScheduleTrigger):
            await store.remove(self._state.database(app), [row.workflow_id])
            return
        due = times.firing(row.cron, row.timezone, row.next_at, clock.now())
        if row.firing_at is not None:
            due = replace(due, due=row.firing_at)
        schedule = DueSchedule(row, workflow, trigger, due, random_uuid())
        context = Context(schedule.trace_id, app=app, identity=SYSTEM, cause=f"workflow:{workflow.definition.name}")
        own = trigger_span_id(schedule.trace_id, workflow.id, f"schedule/{clock.iso(due.due)}")
        with (
            tracing.remote(context),
            tracing.span("workflow", "engine", "workflow.trigger", trigger.entity, own) as span,
        ):
            span.metadata |= {"workflow": workflow.definition.name, "at": clock.iso(due.due)}
            try:
                await self._start(app, schedule, context)
            except RocketError as error:
                if error.transient or error.status >= 500:
                    raise  # the claim lapses, and it is tried again
                span.status = "error"
                await self._give_up(app, schedule, error.message)

    async def _start(self, app: AppRef, schedule: DueSchedule, context: Context) -> None:
        if schedule.trigger.entity is None:
            await self._commit(app, schedule, [_start_of(schedule)], "")
            return
        after, held = schedule.held.after, schedule.held
        while True:
            page = await self._page(schedule, context, after)
            starts = [_start_of(schedule, *each) for each in zip(page.ids, page.records, strict=True)]
            following = await self._commit(app, replace(schedule, held=held), starts, page.after)
            if following is None:
                return
            held, after = following, page.after

    async def _page(self, schedule: DueSchedule, context: Context, after: str) -> RecordPage:
        trigger = schedule.trigger
        request = PageRecords(trigger.entity or "", trigger.filter or {}, after, PAGE_RECORDS)
        try:
            return await self._state.core.rpc.request(request, context.within(CALL_TIMEOUT_S))
        except RocketError as error:
            if not after or error.code != "INVALID_PAYLOAD":
                raise
        # The filter was changed meanwhile: from the beginning, where nothing is started twice.
        return await self._page(schedule, context, "")

    async def _commit(
        self, app: AppRef, schedule: DueSchedule, starts: Sequence[Start], after: str
    ) -> ClaimedSchedule | None:
        """Start instances, with the progress; returns the claim for the next page, None if there is nothing to do."""
        now = clock.now()
        held, until = schedule.held, now + CLAIM_DURATION
        async with self._state.transactions.begin(app, due_at=now, emits=True) as transaction:
            if after:
                ours = await store.turn_page(transaction.connection, held, schedule.firing.due, after, until)
            else:
                ours = await store.finish(transaction.connection, held, schedule.firing.following)
            if not ours:
                return None
            for start in starts:
                await starting.start(transaction, start, now)
        return replace(held, claimed_until=until) if after else None

    async def _give_up(self, app: AppRef, schedule: DueSchedule, reason: str) -> None:
        """Go on to the next time, and tell why nothing was started."""
        workflow = schedule.workflow
        log.warning("schedule.not_started", app=app.name, workflow=workflow.definition.name, reason=reason)
        failed = ScheduleFailed(
            trace_id=schedule.trace_id,
            workflow_id=workflow.id,
            workflow_name=workflow.definition.name,
            due_at=clock.iso(schedule.firing.due),
            reason=reason,
        )
        async with self._state.transactions.begin(app, emits=True) as transaction:
            if await store.finish(transaction.connection, schedule.held, schedule.firing.following):
                transaction.emit(failed)


def _start_of(schedule: DueSchedule, record_id: str = "", record: dict[str, Any] | None = None) -> Start:
    at = clock.iso(schedule.firing.due)
    about = {"record_id": record_id, "record": record} if record_id else {}
    return Start(
        workflow=schedule.workflow,
        key=f"schedule/{at}/{record_id}" if record_id else f"schedule/{at}",
        at=at,
        trigger={"at": at, **about},
        entity=schedule.trigger.entity or "",
        record_id=record_id,
        actor={},
        trace_id=schedule.trace_id,
        cause_depth=0,
    )
