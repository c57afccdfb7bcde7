"""How a new state is committed: the row, its signals with it, the timer before and the hints after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from libs.shared import clock
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Connection
from services.workflow import store
from services.workflow.instance import Instance, InstanceOrigin, StoredInstance, person_of
from services.workflow.outcomes import Effect, Emit
from services.workflow.state import State


async def prepare(state: State, app: AppRef) -> None:
    """Before the transaction: should we die behind it, others look at the app and relay its signals."""
    await state.relay.activate(app)
    await state.due.arm(app.id, clock.now())


async def record(
    state: State,
    transaction: Connection,
    stored: StoredInstance,
    instance: Instance,
    effects: Sequence[Effect],
    now: datetime,
) -> int | None:
    """Write the new state and tell what is to be told; None when somebody else has changed the instance."""
    version = await store.save(transaction, stored, instance, now)
    if version is not None:
        await emit(state, transaction, instance, stored.origin, effects)
    return version


async def emit(
    state: State, transaction: Connection, instance: Instance, origin: InstanceOrigin, effects: Sequence[Effect]
) -> None:
    """The signals among the effects, each saying which instance, for which record and person."""
    person = person_of(instance, origin)
    about: dict[str, Any] = {
        "trace_id": origin.trace_id,
        "instance_id": instance.id,
        "workflow_id": instance.workflow_id,
        "workflow_name": instance.workflow_name,
        "entity": origin.entity,
        "record_id": origin.record_id,
        "user_id": person.get("id"),
        "user_email": person.get("email"),
        "cause_depth": origin.cause_depth,
    }
    for effect in effects:
        if isinstance(effect, Emit):
            await state.outbox.emit(transaction, effect.kind(**about, **effect.fields))


def committed(state: State, app: AppRef) -> None:
    """After the transaction: go on at once, and publish."""
    state.due.wake(app)
    state.relay.wake(app)
