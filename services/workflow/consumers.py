"""Commits start workflows, and cancel running instances that say so."""

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
from services.workflow.history.instances import trigger_span_id
from services.workflow.machine.inputs import RecordChanged
from services.workflow.running import continuing
from services.workflow.starting import Start
from services.workflow.state import State
from services.workflow.triggers import Workflow, WorkflowIndex, check_depth, started_by, trigger_of


@dataclass(frozen=True, slots=True)
class Reaction:
    """The workflows that a commit starts; `cancels`: it may cancel instances about its record."""

    event: CommitEvent
    workflows: Sequence[Workflow]
    cancels: bool


async def plan(state: State, app: AppRef, events: Sequence[CommitEvent]) -> Plan:
    """The workflows that commits start, by the definitions of their schema versions."""
    await state.workflows.prepare(app, {event.schema_version for event in events})
    reactions = [_reaction(state.workflows.of(app, event), event) for event in events]
    return Plan(reactions, clock.now() if any(reactions) else None)


def _reaction(index: WorkflowIndex, event: CommitEvent) -> Reaction | None:
    workflows, cancels = started_by(index, event), index.watches(event)
    return Reaction(event, workflows, cancels) if workflows or cancels else None


async def apply(state: State, transaction: Transaction, reactions: Sequence[Reaction]) -> None:
    """Insert an instance of every workflow, advanced until it must wait. The timer continues it."""
    for each in reactions:
        event = each.event
        if each.cancels:
            change = RecordChanged(event.after, event.before)
            await continuing.by_record(transaction, event.entity, event.record_id, change, clock.now())
        check_depth(each.workflows, event)
        cause = tracing.write_span_id(event.commit_id)
        with tracing.remote(Context(event.trace_id, cause, app=transaction.app, identity=SYSTEM)):
            for workflow in each.workflows:
                own = trigger_span_id(event.trace_id, workflow.id, event.key)
                with tracing.span("workflow", "engine", "workflow.trigger", event.entity, own) as span:
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
