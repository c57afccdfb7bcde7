"""Commands carried out in the name of a user, whatever comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared.bus.rpc.failures import as_rocket_error
from libs.shared.contracts.context import SYSTEM, AppRef, Context, Identity
from libs.shared.errors import RocketError
from services.workflow.history import renames
from services.workflow.history.instances import StoredInstance, Task
from services.workflow.machine.inputs import Input, Refusal
from services.workflow.running.effects import Effect
from services.workflow.running.effects import perform as carry_out
from services.workflow.running.retry_policy import GiveUp, RetryLater, outcome_of
from services.workflow.state import State

CALL_TIMEOUT_S = 10.0
"""Seconds an effect may take."""


def context_for(instance: StoredInstance, app: AppRef) -> Context:
    """The context of a workflow: its own authority, the trace and user of the last decision, else of its start."""
    actor, origin = instance.person, instance.origin
    person = str(actor.get("id") or "")
    identity = Identity(
        # A time table acts for nobody: what it does is the system's.
        id=person or SYSTEM.id,
        email=str(actor.get("email") or "") if person else SYSTEM.email,
        roles=tuple(actor.get("roles") or ()),
        via="workflow",
        on_behalf_of=person or None,
    )
    trace_id, span_id = instance.trace
    return Context(
        trace_id=trace_id,
        span_id=span_id,
        app=app,
        identity=identity,
        cause=f"workflow:{instance.workflow_name}",
        cause_depth=origin.cause_depth + 1,
    )


def as_error(error: Exception) -> RocketError:
    """An exception as an error with a code."""
    return as_rocket_error(error, "workflow.effect")


async def perform(
    state: State, app: AppRef, instance: StoredInstance, task: Task, command: Mapping[str, Any]
) -> Input | RetryLater:
    """Carry out a command. Returns what the instance is told, and raises no error."""
    context = context_for(instance, app).within(CALL_TIMEOUT_S)
    try:
        if instance.is_renamed:
            command = await renames.followed(state.database(app), instance, command)
        return await carry_out(Effect(state, context, instance, task.key, command))
    except Exception as error:
        outcome = outcome_of(as_error(error), task.attempts)
        return Refusal(task.key, outcome.reason) if isinstance(outcome, GiveUp) else outcome
