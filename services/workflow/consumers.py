"""Commits start workflows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from libs.shared import clock
from libs.shared.bus.consumers.consumer import Plan
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.streams import CommitEvent
from libs.shared.telemetry import tracing
from services.workflow import starting
from services.workflow.starting import Start
from services.workflow.state import State
from services.workflow.triggers import Workflow, check_depth, started_by, trigger_of


@dataclass(frozen=True, slots=True)
class Starts:
    """The workflows that a commit starts."""

    event: CommitEvent
    workflows: Sequence[Workflow]


async def plan(state: State, app: AppRef, events: Sequence[CommitEvent]) -> Plan:
    """The workflows that commits start, by the definitions of their schema versions."""
    await state.workflows.prepare(app, {event.schema_version for event in events})
    started = [(event, started_by(state.workflows.of(app, event), event)) for event in events]
    reactions = [Starts(event, workflows) if workflows else None for event, workflows in started]
    return Plan(reactions, clock.now() if any(reactions) else None)


async def apply(state: State, transaction: Transaction, reactions: Sequence[Starts]) -> None:
    """Insert an instance of every workflow, advanced until it must wait. The timer continues it."""
    for each in reactions:
        event = each.event
        check_depth(each.workflows, event)
        with tracing.remote(Context(trace_id=event.trace_id, app=transaction.app, identity=SYSTEM)):
            for workflow in each.workflows:
                with tracing.span("workflow", "engine", "workflow.trigger", event.entity) as span:
                    span.record_id = event.record_id
                    span.metadata["workflow"] = workflow.definition.name
                    await starting.start(transaction, start_of(workflow, event), clock.now())


def start_of(workflow: Workflow, event: CommitEvent) -> Start:
    """The start of a workflow by a commit."""
    return Start(
        workflow=workflow,
        key=event.key,
        at=event.at,
        trigger=trigger_of(workflow.definition.trigger, event),
        entity=event.entity,
        record_id=event.record_id,
        actor=event.actor,
        trace_id=event.trace_id,
        cause_depth=event.cause_depth,
        schema_version=event.schema_version,
    )
