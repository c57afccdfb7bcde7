"""Handing on seats, sending back, cancelling, retrying, deleting: load, decide, commit, reply."""

from __future__ import annotations

from libs.shared import clock, exact
from libs.shared.bodies import parse_body
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.workflows import (
    CancelBody,
    CancelInstance,
    DeleteInstance,
    ReassignBody,
    ReassignSeat,
    RetryInstance,
    ReturnBody,
    ReturnInstance,
)
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.telemetry import tracing
from services.workflow import recording
from services.workflow.decisions.persons import decider_of, delegators_for, named_delegator
from services.workflow.directory import find_users
from services.workflow.history import deleting, store
from services.workflow.history.instances import StoredInstance
from services.workflow.machine.approving import check_approver, check_holder
from services.workflow.machine.inputs import Cancel, Input, Reassign, RetryFailed, Return
from services.workflow.state import State
from services.workflow.views.replies import id_in, shown


async def cancel(state: State, context: Context, request: CancelInstance) -> Response:
    """End an instance, and its sub-workflows."""
    met = await _met(state, context, request.id)
    if not context.user.is_admin and context.user.id != met.origin.actor.get("id"):
        raise RocketError("FORBIDDEN", "Only admins and the person who started the workflow may cancel it")
    body = parse_body(CancelBody, request.body)
    return await _told(state, context, request.id, Cancel(body.reason or "", decider_of(context)))


async def reassign(state: State, context: Context, request: ReassignSeat) -> Response:
    """Hand a seat on."""
    by = decider_of(context)
    check_holder((await _met(state, context, request.id)).state, by)
    body = parse_body(ReassignBody, request.body)
    users: tuple[dict[str, str], ...] = ()
    if body.to.user is not None:
        person = (await find_users(state, context, {body.to.user})).named(body.to.user)
        if person is None:
            raise invalid_field("to.user", f"to.user: there is no active user {body.to.user}")
        users = ({"id": person.id, "email": person.email},)
    change = Reassign(by, users, body.to.role, body.seat, body.step, body.reason or "")
    return await _told(state, context, request.id, change)


async def send_back(state: State, context: Context, request: ReturnInstance) -> Response:
    """Go back to an earlier step."""
    met, by = await _met(state, context, request.id), decider_of(context)
    delegators = await delegators_for(state, context, met.workflow_id, clock.now())
    check_approver(met.plan, met.state, [by, *delegators])
    body = parse_body(ReturnBody, request.body)
    behalf = named_delegator(delegators, body.on_behalf_of) if body.on_behalf_of is not None else None
    return await _told(state, context, request.id, Return(by, body.to_step, body.comment, body.step, behalf))


async def retry(state: State, context: Context, request: RetryInstance) -> Response:
    """Go on at the step that has failed."""
    _check_admin(context, "Only an admin may retry a workflow instance")
    return await _told(state, context, request.id, RetryFailed(decider_of(context)))


async def delete_instance(state: State, context: Context, request: DeleteInstance) -> Response:
    """Delete an instance; a running one is cancelled first. Its history stays."""
    instance_id = id_in(request.id)
    _check_admin(context, "Only an admin may delete a workflow instance")
    now = clock.now()
    async with state.transactions.begin(context.the_app, due_at=now, emits=True) as transaction:
        instance = await store.lock(transaction.connection, instance_id)
        if instance is None:
            raise not_found("Workflow instance")
        if instance.state.status in ("running", "failed"):
            ending = Cancel("it was deleted", decider_of(context))
            instance = instance.advanced((await recording.record(transaction, instance, ending, now)).state)
        await deleting.delete(transaction.connection, instance, context.user.id, now)
    return Response(body=exact.dumps({"data": {"id": str(instance_id), "deleted": True}}))


def _check_admin(context: Context, message: str) -> None:
    if not context.user.is_admin:
        raise RocketError("FORBIDDEN", message)


async def _met(state: State, context: Context, id_text: str) -> StoredInstance:
    """An instance as it is, before permissions and the body are looked at. Raises NOT_FOUND."""
    met = await store.find(state.database(context.the_app), id_in(id_text))
    if met is None:
        raise not_found("Workflow instance")
    return met


async def _told(state: State, context: Context, id_text: str, given: Input) -> Response:
    """Tell an instance something, and answer with it. Raises NOT_FOUND, and what the machine raises."""
    now = clock.now()
    with tracing.span("workflow", "engine", "workflow.advance") as span:
        span.record_id = id_text
        async with state.transactions.begin(context.the_app, due_at=now, emits=True) as transaction:
            instance = await store.lock(transaction.connection, id_in(id_text))
            if instance is None:
                raise not_found("Workflow instance")
            await recording.record(transaction, instance, given, now)
        return await shown(state, context, id_text)
