"""What the workflow service does with commits: start what they trigger."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from libs.shared import clock
from libs.shared.bus.consumers.consumer import Interest
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.ids import uuid7
from libs.shared.postgres.databases import Connection
from libs.shared.telemetry import tracing
from services.workflow import recording, store
from services.workflow.engine import start
from services.workflow.instance import Instance, InstanceOrigin
from services.workflow.paths import context_of
from services.workflow.state import State
from services.workflow.triggers import Startable, check_depth


async def before_commits(state: State, app: AppRef, events: Sequence[CommitEvent]) -> None:
    """Plan what the events start, each by the workflows of its own version."""
    await state.definitions.prepare(app, {event.schema_version for event in events})
    if state.triggers.plan(app.id, partial(state.definitions.of, app), events):
        await recording.prepare(state, app)


async def interest(state: State, app: AppRef, schema_version: int) -> Interest:
    """Which commits may trigger a workflow, by the definitions of this version."""
    await state.definitions.prepare(app, {schema_version})
    workflows = state.definitions.at(app, schema_version)
    return lambda entity, action: entity in workflows.by_entity


def concerns(state: State, app: AppRef, event: CommitEvent) -> bool:
    """Whether the event starts anything."""
    return bool(state.triggers.planned(app.id, event))


async def on_commit(state: State, app: AppRef, transaction: Connection, event: CommitEvent) -> None:
    """An instance of every workflow that the commit triggers, run as far as it gets by itself."""
    starting = state.triggers.planned(app.id, event)
    check_depth(starting, event)
    for startable in starting:
        with tracing.span("workflow", "engine", "workflow.trigger", event.entity) as span:
            span.record_id = event.record_id
            span.metadata["workflow"] = startable.definition.name
            await _start(state, transaction, startable, event)


def after_commits(state: State, app: AppRef, events: Sequence[CommitEvent]) -> None:
    """Let the started instances go on."""
    if state.triggers.carried_out(app.id, events):
        recording.committed(state, app)


async def _start(state: State, transaction: Connection, startable: Startable, event: CommitEvent) -> None:
    now = clock.now()
    definition = startable.definition
    fresh = Instance(
        id=str(uuid7()),
        workflow_id=startable.id,
        workflow_name=definition.name,
        context=context_of(definition.context, event.record_id, event.after or {}),
    )
    origin = InstanceOrigin(
        entity=event.entity,
        record_id=event.record_id,
        commit_key=event.key,
        actor=event.actor,
        trace_id=event.trace_id,
        cause_depth=event.cause_depth,
    )
    instance, effects = start(definition, fresh, now)
    if await store.insert(transaction, startable, instance, origin, now):
        await store.follow_renames(transaction, instance, startable, event.schema_version)
        await recording.emit(state, transaction, instance, origin, effects)
