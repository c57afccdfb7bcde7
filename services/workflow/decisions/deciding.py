"""Approving and rejecting: load, decide, commit, reply."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from libs.shared import clock
from libs.shared.bodies import read_json, validate
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.workflows import ApproveInstance, DecisionBody, RejectInstance
from libs.shared.errors import RocketError, not_found
from libs.shared.telemetry import tracing
from services.workflow import recording
from services.workflow.decisions.persons import decider_of, delegators_for, named_delegator
from services.workflow.history import store
from services.workflow.history.instances import StoredInstance
from services.workflow.machine.deciding import decide
from services.workflow.machine.inputs import Decide, Decider
from services.workflow.state import State
from services.workflow.views.replies import id_in, shown


async def approve(state: State, context: Context, request: ApproveInstance) -> Response:
    """Approve the step that an instance waits at."""
    with tracing.span("workflow", "approval", "workflow.approve") as span:
        span.record_id = request.id
        span.metadata["linked_trace_id"] = await decide_instance(state, context, request.id, True, request.body)
        return await shown(state, context, request.id)


async def reject(state: State, context: Context, request: RejectInstance) -> Response:
    """Reject the step that an instance waits at."""
    with tracing.span("workflow", "approval", "workflow.reject") as span:
        span.record_id = request.id
        span.metadata["linked_trace_id"] = await decide_instance(state, context, request.id, False, request.body)
        return await shown(state, context, request.id)


async def decide_instance(state: State, context: Context, id_text: str, approved: bool, body: bytes) -> str:
    """Decide for the caller, or for somebody who has delegated to them. Returns the first trace of the instance.

    Raises NOT_FOUND, FORBIDDEN, INVALID_STATE, VALIDATION_FAILED.
    """
    instance_id, app = id_in(id_text), context.the_app
    met = await store.find(state.database(app), instance_id)
    if met is None:
        raise not_found("Workflow instance")
    said, problem = _said(body)
    asked = _asked(context, approved, said, frozenset(frame.visit for frame in met.state.waiting))
    delegators = await delegators_for(state, context, met.workflow_id, clock.now())
    if said.on_behalf_of is not None:
        asked = [_for(asked[0], named_delegator(delegators, said.on_behalf_of))]
    else:
        asked += [_for(asked[0], each) for each in delegators]
    async with state.transactions.begin(app, due_at=clock.now(), emits=True) as transaction:
        instance = await store.lock(transaction.connection, instance_id)
        if instance is None:
            raise not_found("Workflow instance")
        await _record(transaction, instance, asked, problem, clock.now())
    return met.origin.trace_id


def _said(body: bytes) -> tuple[DecisionBody, RocketError | None]:
    """What is said with a decision. A body that is not valid is refused after permissions have been checked."""
    try:
        return decision_in(body), None
    except RocketError as problem:
        return DecisionBody(), problem


def decision_in(body: bytes) -> DecisionBody:
    """The body of a decision, which may be empty. Raises INVALID_PAYLOAD and VALIDATION_FAILED."""
    return validate(DecisionBody, read_json(body) if body.strip() else {})


def _asked(context: Context, approved: bool, said: DecisionBody, visits: frozenset[int]) -> list[Decide]:
    return [
        Decide(
            approved,
            decider_of(context),
            comment=said.comment or "",
            form=said.form,
            step=said.step,
            seat=said.seat,
            override=said.override,
            visits=visits,
        )
    ]


def _for(decision: Decide, delegator: Decider) -> Decide:
    return Decide(
        decision.approved, decision.by, delegator, decision.comment, decision.form, decision.step, decision.seat,
        decision.override, decision.visits,
    )  # fmt: skip


async def _record(
    transaction: Transaction,
    instance: StoredInstance,
    asked: Sequence[Decide],
    problem: RocketError | None,
    now: datetime,
) -> None:
    """Record the first decision that the caller may make: their own, else in somebody's place."""
    refused: RocketError | None = None
    for each in asked:
        try:
            if problem is not None:
                decide(instance.plan, instance.state, each, now, instance.id)
                break
            await recording.record(transaction, instance, each, now)
            return
        except RocketError as error:
            if error.code != "FORBIDDEN":
                raise problem if problem is not None and error.code == "VALIDATION_FAILED" else error from None
            refused = refused or error
    raise problem if problem is not None and refused is None else refused or RocketError("FORBIDDEN", "")
