"""Signals start workflows and continue them: business events, answers of webhooks, changed time tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from libs.shared import clock
from libs.shared.bus.consumers.consumer import Plan
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.contracts.business_events import BusinessEventRecorded
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.signals import WebhookAnswered
from libs.shared.contracts.streams import SignalEvent
from libs.shared.telemetry import tracing
from services.workflow import starting
from services.workflow.history.instances import trigger_span_id
from services.workflow.running import continuing
from services.workflow.schedules import syncing
from services.workflow.schedules.syncing import TimeTables
from services.workflow.starting import Start
from services.workflow.state import State
from services.workflow.triggers import Workflow, WorkflowIndex, check_event_depth, event_of, started_by_event


@dataclass(frozen=True, slots=True)
class EventHeard:
    """A business event, and the workflows that it starts. Instances may wait for it, too."""

    event: BusinessEventRecorded
    workflows: Sequence[Workflow]


Reaction: TypeAlias = EventHeard | WebhookAnswered | TimeTables


async def plan(state: State, app: AppRef, events: Sequence[SignalEvent]) -> Plan:
    """What signals lead to, by the definitions of today."""
    if any(syncing.concerns_workflows(event) for event in events):
        # An announcement may have been lost: these definitions are as new as the signals.
        state.core.schemas.forget(app.id)
    index = await state.workflows.load(app)
    reactions = [_reaction(index, event) for event in events]
    tables = [each for each in reactions if isinstance(each, TimeTables)]
    if (due := syncing.earliest(tables)) is not None:
        await state.schedules.arm(app.id, due)
    goes_on = any(each is not None and not isinstance(each, TimeTables) for each in reactions)
    return Plan(reactions, clock.now() if goes_on else None)


def _reaction(index: WorkflowIndex, event: SignalEvent) -> Reaction | None:
    if syncing.concerns_workflows(event):
        return syncing.time_tables(index, event)
    if (answered := WebhookAnswered.decode(event)) is not None:
        return answered
    told = BusinessEventRecorded.decode(event)
    return EventHeard(told, started_by_event(index, told)) if told else None


async def apply(state: State, transaction: Transaction, reactions: Sequence[Reaction]) -> None:
    """Start and continue instances, and keep time tables as definitions say."""
    for each in reactions:
        match each:
            case TimeTables():
                await syncing.fit(transaction, each)
            case WebhookAnswered():
                await continuing.by_webhook(transaction, each, clock.now())
            case EventHeard():
                await continuing.by_event(transaction, event_of(each.event), clock.now())
                await _start(transaction, each)


def wake(state: State, app: AppRef, reactions: Sequence[Reaction]) -> None:
    """Look at the schedules of the app: their times may have changed."""
    if any(isinstance(each, TimeTables) for each in reactions):
        state.schedules.wake(app)


async def _start(transaction: Transaction, each: EventHeard) -> None:
    told = each.event
    check_event_depth(each.workflows, told)
    with tracing.remote(Context(trace_id=told.trace_id, app=transaction.app, identity=SYSTEM)):
        for workflow in each.workflows:
            start = _start_of(workflow, told)
            own = trigger_span_id(told.trace_id, workflow.id, start.key)
            with tracing.span("workflow", "engine", "workflow.trigger", told.entity, own) as span:
                span.record_id = told.record_id
                span.metadata |= {"workflow": workflow.definition.name, "event": told.action}
                await starting.start(transaction, start, clock.now())


def _start_of(workflow: Workflow, told: BusinessEventRecorded) -> Start:
    return Start(
        workflow=workflow,
        key=f"event/{told.event_key}",
        at=clock.iso(clock.now()),
        trigger={"event": event_of(told), "record_id": told.record_id},
        entity=told.entity or "",
        record_id=told.record_id or "",
        actor={"id": told.user_id, "email": told.user_email, "roles": list(told.user_roles)},
        trace_id=told.trace_id,
        cause_depth=told.cause_depth,
    )
