"""Sub-workflows: instances that are part of others."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from libs.shared import clock
from libs.shared.contracts.context import AppRef
from libs.shared.errors import RocketError
from libs.shared.schema.workflows.forms import input_fields
from libs.shared.telemetry import tracing
from services.workflow import starting
from services.workflow.history import store
from services.workflow.history.instances import StoredInstance, trigger_span_id
from services.workflow.machine.forms import filled_form
from services.workflow.machine.inputs import Answer, Input, TakenOver
from services.workflow.state import State
from services.workflow.triggers import MAX_DEPTH, Workflow, WorkflowIndex


async def start(state: State, app: AppRef, parent: StoredInstance, key: str, command: Mapping[str, Any]) -> Input:
    """Start the sub-workflow of a command, once. Raises VALIDATION_FAILED where it can't be started."""
    workflow = named(await state.workflows.load(app), command["workflow"])
    inputs = filled_form(input_fields(workflow.definition.inputs), _given(command["context"]), "start", where="context")
    if parent.origin.cause_depth + 1 >= MAX_DEPTH:
        raise RocketError("VALIDATION_FAILED", f"more than {MAX_DEPTH} workflows would have caused each other")
    now = clock.now()
    asked = starting.Start(
        workflow=workflow,
        key=f"parent/{key}",
        at=clock.iso(now),
        trigger=dict(parent.state.trigger),
        entity=parent.origin.entity or "",
        record_id=parent.origin.record_id or "",
        actor=dict(parent.person),
        trace_id=parent.origin.trace_id,
        cause_depth=parent.origin.cause_depth + 1,
        inputs=inputs,
        parent_id=parent.id,
        parent_key=key if command["wait"] else None,
    )
    with tracing.span("workflow", "engine", "workflow.trigger", asked.entity or None, _trigger_span(asked)) as span:
        span.record_id = asked.record_id or None
        span.metadata["workflow"] = workflow.definition.name
        child_id = await _start_once(state, app, parent, key, asked)
    if child_id is None:
        return Answer(key)
    told = {"instance_id": child_id}
    return TakenOver(key, told) if command["wait"] else Answer(key, {**told, "status": "running", "context": {}})


def _trigger_span(asked: starting.Start) -> str:
    return trigger_span_id(asked.trace_id, asked.workflow.id, asked.key)


async def _start_once(state: State, app: AppRef, parent: StoredInstance, key: str, asked: starting.Start) -> str | None:
    """The id of the child of a command; None where the parent does not wait for it any more."""
    now = clock.now()
    async with state.transactions.begin(app, due_at=now, emits=True) as transaction:
        # A parent that is cancelled meanwhile finds the child, or it is not started any more.
        current = await store.lock(transaction.connection, uuid.UUID(parent.id))
        if current is None or key not in current.state.pending:
            return None
        child_id = await starting.start(transaction, asked, now)
        return child_id or await store.started_by(transaction.connection, asked.workflow.id, asked.key)


def named(index: WorkflowIndex, name: str) -> Workflow:
    """The active workflow of a name. Raises VALIDATION_FAILED."""
    for each in index.by_id.values():
        if each.definition.name == name:
            if not each.definition.active:
                raise RocketError("VALIDATION_FAILED", f"the workflow {name} is not active")
            return each
    raise RocketError("VALIDATION_FAILED", f"there is no workflow {name}")


def _given(context: Mapping[str, Any]) -> dict[str, Any]:
    """What the parent passes in; a path that leads nowhere passes nothing."""
    return {name: value for name, value in context.items() if value is not None}
