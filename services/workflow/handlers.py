"""The endpoints: lists of instances, pending approvals, and decisions."""

from __future__ import annotations

import uuid
from typing import Any

from libs.shared import clock, exact
from libs.shared.bodies import read_json, validate
from libs.shared.contracts.context import Context
from libs.shared.contracts.figures import CountFigures, Figures
from libs.shared.contracts.messages import Response
from libs.shared.contracts.workflows import (
    ApproveInstance,
    DecisionBody,
    DeleteInstance,
    GetInstance,
    ListInstances,
    ListPending,
    RejectInstance,
)
from libs.shared.errors import RocketError, not_found
from libs.shared.ids import parse_uuid
from libs.shared.paging import Page, page_of
from libs.shared.postgres.counting import load_counts
from libs.shared.postgres.listings import load_json_page
from libs.shared.telemetry import tracing
from services.workflow import recording, store, views
from services.workflow.engine import advance, check_decision
from services.workflow.outcomes import Decided
from services.workflow.state import State

PAGE_SIZE, MAX_PAGE_SIZE = 25, 100
PENDING_PAGE_SIZE = 1000


async def list_instances(state: State, context: Context, request: ListInstances) -> Response:
    """A page of instances, newest first."""
    asked = dict(request.query)
    page = page_of(dict(request.query), PAGE_SIZE, MAX_PAGE_SIZE)
    filters = [asked.get(name) or None for name in ("status", "workflow", "record")]
    return await _listed(state, context, page, store.LIST, *filters)


async def list_pending(state: State, context: Context, request: ListPending) -> Response:
    """Instances that wait for an approval: all, or those that the caller may decide."""
    page = page_of(dict(request.query), PENDING_PAGE_SIZE, PENDING_PAGE_SIZE)
    mine = dict(request.query).get("assignee") == "me" and not context.user.is_admin
    roles = list(context.user.roles) if mine else None
    return await _listed(state, context, page, store.PENDING, roles)


async def get_instance(state: State, context: Context, request: GetInstance) -> Response:
    """One instance."""
    return await _serialize(state, context, await store.show(state.database(context.the_app), _id(request.id)))


async def delete_instance(state: State, context: Context, request: DeleteInstance) -> Response:
    """Delete an instance. The outcome of its running call is discarded."""
    instance_id = _id(request.id)
    if not context.user.is_admin:
        raise RocketError("FORBIDDEN", "Only an admin may delete a workflow instance")
    if not await store.delete(state.database(context.the_app), instance_id):
        raise not_found("Workflow instance")
    return Response(body=exact.dumps({"data": {"id": str(instance_id), "deleted": True}}))


async def approve(state: State, context: Context, request: ApproveInstance) -> Response:
    """Approve the step that an instance waits at."""
    with tracing.span("workflow", "approval", "workflow.approve") as span:
        span.record_id = request.id
        return await _decide(state, context, request.id, True, request.body)


async def reject(state: State, context: Context, request: RejectInstance) -> Response:
    """Reject the step that an instance waits at."""
    with tracing.span("workflow", "approval", "workflow.reject") as span:
        span.record_id = request.id
        return await _decide(state, context, request.id, False, request.body)


async def count_figures(state: State, context: Context, request: CountFigures) -> Figures:
    """How many instances wait for a decision, and how many have failed."""
    return Figures(*await load_counts(state.database(context.the_app), store.FIGURES, context.remaining()))


OTHER_STEP = "The decision is about a step that the workflow is not at"


async def _decide(state: State, context: Context, id_text: str, approved: bool, body: bytes) -> Response:
    instance_id, app, user = _id(id_text), context.the_app, context.user
    met = await store.step_number(state.database(app), instance_id)
    if met is None:
        raise not_found("Workflow instance")
    async with state.transactions.begin(app, due_at=clock.now(), emits=True) as transaction:
        stored = await store.lock(transaction.connection, instance_id)
        if stored is None:
            raise not_found("Workflow instance")
        now = clock.now()
        if stored.instance.step_number != met:
            raise RocketError("INVALID_STATE", OTHER_STEP)
        # Permission is checked before the body: 403 takes precedence over 422.
        check_decision(stored.definition, stored.instance, user.roles, now)
        said = decision_in(body)
        if said.step not in (None, stored.instance.step):
            raise RocketError("INVALID_STATE", OTHER_STEP)
        decision = Decided(approved, user.id, said.comment or "", user.email, user.roles)
        instance, signals, _ = advance(stored.definition, stored.instance, decision, now)
        await recording.record(transaction, stored, instance, signals, now)
        shown = await store.show(transaction.connection, instance_id)
    return await _serialize(state, context, shown)


def decision_in(body: bytes) -> DecisionBody:
    """The comment of a decision; the body may be empty. Raises INVALID_PAYLOAD and VALIDATION_FAILED."""
    return validate(DecisionBody, read_json(body) if body.strip() else {})


def _id(text: str) -> uuid.UUID:
    parsed = parse_uuid(text)
    if parsed is None:
        raise not_found("Workflow instance")
    return parsed


async def _serialize(state: State, context: Context, instance: bytes | None) -> Response:
    if instance is None:
        raise not_found("Workflow instance")
    [visible] = await views.visible_instances(state, context, [views.read(instance)])
    return Response(body=exact.dumps({"data": visible}))


async def _listed(state: State, context: Context, page: Page, statement: str, *filters: Any) -> Response:
    database = state.database(context.the_app)
    rows, total = await load_json_page(database, statement, *filters, page.size, page.offset)
    visible = await views.visible_instances(state, context, views.read(rows))
    return Response(body=exact.dumps({"data": visible, "meta": page.meta(total)}))
