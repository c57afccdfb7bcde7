"""Calls of other services, on behalf of a user."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from libs.shared import clock
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.bus.rpc.failures import as_rocket_error
from libs.shared.contracts.context import AppRef, Context, Identity
from libs.shared.contracts.effects import SetFields
from libs.shared.errors import not_found
from libs.shared.schema import Snapshot
from libs.shared.snapshots.cache import Schemas
from services.workflow.instance import StoredInstance
from services.workflow.outcomes import Done, SetFieldCall, StepOutcome
from services.workflow.retry_policy import outcome_of

CALL_TIMEOUT_S = 10.0
"""Seconds an effect may take."""


def context_for(stored: StoredInstance, app: AppRef) -> Context:
    """The context of a workflow: its own authority, the trace of its trigger, the user who decided or triggered it."""
    actor, origin = stored.person, stored.origin
    person = str(actor.get("id") or "")
    identity = Identity(
        id=person,
        email=str(actor.get("email") or ""),
        roles=tuple(actor.get("roles") or ()),
        via="workflow",
        on_behalf_of=person,
    )
    return Context(
        trace_id=origin.trace_id,
        app=app,
        identity=identity,
        cause=f"workflow:{stored.instance.workflow_name}",
        cause_depth=origin.cause_depth + 1,
    )


async def perform(
    rpc: RpcClient, schemas: Schemas, stored: StoredInstance, effect: SetFieldCall, context: Context
) -> StepOutcome:
    """Make a call, which is idempotent. Returns the outcome and raises no error."""
    try:
        value = effect.value
        if value == "now":
            value = now_for(await schemas.get(context.the_app), effect, clock.now())
        request = SetFields(effect.entity, effect.record_id, {effect.field: value}, effect.effect_key)
        effected = await rpc.request(request, context.within(CALL_TIMEOUT_S))
        if not effected.commit_position:
            raise not_found("Record")
    except Exception as error:
        return outcome_of(as_rocket_error(error, "workflow.effect"), stored.instance.attempts)
    return Done()


def now_for(snapshot: Snapshot, effect: SetFieldCall, now: datetime) -> Any:
    """The current time as the field can hold it: a date field takes today's date (UTC)."""
    entity = snapshot.entities.get(effect.entity)
    fields = entity.definition.fields if entity else ()
    if any(field.name == effect.field and field.type == "date" for field in fields):
        return now.astimezone(UTC).date().isoformat()
    return clock.iso(now)
