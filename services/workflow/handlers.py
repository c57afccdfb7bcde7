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
from services.workflow.views.graph import graph_of
from services.workflow.views.listing import check_visible, list_visible, list_waiting
from services.workflow.views.replies import history_of, id_in, shown
from services.workflow.views.selection import selected

PAGE_SIZE, MAX_PAGE_SIZE = 25, 100
PENDING_PAGE_SIZE = 1000


async def list_instances(state: State, context: Context, request: ListInstances) -> Response:
    """A page of instances, newest first."""
    page = page_of(dict(request.query), PAGE_SIZE, MAX_PAGE_SIZE)
    return await list_visible(state, context, page, selected(request.query))


async def list_pending(state: State, context: Context, request: ListPending) -> Response:
    """Instances that wait for an approval: all, or those that the caller may decide."""
    asked = dict(request.query)
    page = page_of(asked, PENDING_PAGE_SIZE, PENDING_PAGE_SIZE)
    standings = await standings_of(state, context, clock.now()) if asked.get("assignee") == "me" else None
    wanted = selected([(name, value) for name, value in request.query if name in ("workflow", "entity", "record_id")])
    return await list_waiting(state, context, page, wanted, standings)


async def get_instance(state: State, context: Context, request: GetInstance) -> Response:
    """One instance."""
    return await shown(state, context, request.id)


async def list_history(state: State, context: Context, request: ListInstanceHistory) -> Response:
    """A page of the history of an instance, as far as the caller may see it."""
    page = page_of(dict(request.query), PAGE_SIZE, MAX_PAGE_SIZE)
    await check_visible(state, context, id_in(request.id))
    return await history_of(state, context, request.id, page)


async def get_graph(state: State, context: Context, request: GetInstanceGraph) -> Response:
    """The steps of an instance, where it is, and which ways it took."""
    database, instance_id = state.database(context.the_app), id_in(request.id)
    await check_visible(state, context, instance_id)
    instance = await store.find(database, instance_id)
    if instance is None:
        raise not_found("Workflow instance")
    entries = await store.entries_of(database, instance_id)
    return Response(body=exact.dumps({"data": graph_of(instance.plan, entries, instance.state)}))


async def count_figures(state: State, context: Context, request: CountFigures) -> Figures:
    """How many instances wait for a decision, and how many have failed."""
    return Figures(*await load_counts(state.database(context.the_app), statements.FIGURES, context.remaining()))
