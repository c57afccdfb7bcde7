"""The endpoints that read instances: one, lists, what waits for a decision."""

from __future__ import annotations

from libs.shared import clock, exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.figures import CountFigures, Figures
from libs.shared.contracts.messages import Response
from libs.shared.contracts.workflow_reads import GetInstanceGraph, ListInstanceHistory
from libs.shared.contracts.workflows import GetInstance, ListInstances, ListPending
from libs.shared.errors import not_found
from libs.shared.paging import page_of
from libs.shared.postgres.counting import load_counts
from services.workflow.delegations.standing import standings_of
from services.workflow.history import store
from services.workflow.state import State
from services.workflow.views import statements
from services.workflow.views.approvals import with_approvals
from services.workflow.views.graph import graph_of
from services.workflow.views.listing import check_visible, list_visible, list_waiting
from services.workflow.views.past import Moment, document_of, last_entry, moment_in, past_instances
from services.workflow.views.past_lists import list_past
from services.workflow.views.replies import history_of, id_in, shown
from services.workflow.views.selection import selected
from services.workflow.views.visibility import read, visible_instances

PAGE_SIZE, MAX_PAGE_SIZE = 25, 100
PENDING_PAGE_SIZE = 1000


async def list_instances(state: State, context: Context, request: ListInstances) -> Response:
    """A page of instances, newest first."""
    page = page_of(dict(request.query), PAGE_SIZE, MAX_PAGE_SIZE)
    then = moment_in(dict(request.query), takes_seq=False)
    if then is not None and then.at is not None:
        return await list_past(state, context, page, request.query, then.at)
    return await list_visible(state, context, page, selected(request.query))


async def list_pending(state: State, context: Context, request: ListPending) -> Response:
    """Instances that wait for an approval: all, or those that the caller may decide."""
    asked = dict(request.query)
    page = page_of(asked, PENDING_PAGE_SIZE, PENDING_PAGE_SIZE)
    standings = await standings_of(state, context, clock.now()) if asked.get("assignee") == "me" else None
    wanted = selected([(name, value) for name, value in request.query if name in ("workflow", "entity", "record_id")])
    return await list_waiting(state, context, page, wanted, standings)


async def get_instance(state: State, context: Context, request: GetInstance) -> Response:
    """One instance, now or at a moment."""
    then = moment_in(dict(request.query))
    if then is None:
        return await shown(state, context, request.id)
    instance_id = id_in(request.id)
    last = await last_entry(state, context, instance_id, then)
    [past] = await past_instances(state, context, [instance_id], Moment(seq=last))
    text = await state.database(context.the_app).fetchval(statements.SHOW, instance_id)
    if text is None:
        raise not_found("Workflow instance")
    [visible] = await visible_instances(state, context, [document_of(past)], [with_approvals(read(text))])
    return Response(body=exact.dumps({"data": visible}))


async def list_history(state: State, context: Context, request: ListInstanceHistory) -> Response:
    """A page of the history of an instance, as far as the caller may see it."""
    query = dict(request.query)
    page, instance_id = page_of(query, PAGE_SIZE, MAX_PAGE_SIZE), id_in(request.id)
    then = moment_in(query)
    await check_visible(state, context, instance_id)
    last = await last_entry(state, context, instance_id, then)
    return await history_of(state, context, request.id, page, last)


async def get_graph(state: State, context: Context, request: GetInstanceGraph) -> Response:
    """The steps of an instance, where it is, and which ways it took."""
    instance_id, then = id_in(request.id), moment_in(dict(request.query))
    await check_visible(state, context, instance_id)
    last = await last_entry(state, context, instance_id, then)
    [past] = await past_instances(state, context, [instance_id], Moment(seq=last))
    plan = store.plan_from(exact.dumps(past.document).decode())
    return Response(body=exact.dumps({"data": graph_of(plan, past.entries, past.state)}))


async def count_figures(state: State, context: Context, request: CountFigures) -> Figures:
    """How many instances wait for a decision, and how many have failed."""
    return Figures(*await load_counts(state.database(context.the_app), statements.FIGURES, context.remaining()))
