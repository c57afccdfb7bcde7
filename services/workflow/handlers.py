"""The endpoints that read instances: one, lists, what waits for a decision."""

from __future__ import annotations

from libs.shared.contracts.context import Context
from libs.shared.contracts.figures import CountFigures, Figures
from libs.shared.contracts.messages import Response
from libs.shared.contracts.workflows import GetInstance, ListInstances, ListPending
from libs.shared.paging import page_of
from libs.shared.postgres.counting import load_counts
from services.workflow.state import State
from services.workflow.views import statements
from services.workflow.views.replies import listed, shown

PAGE_SIZE, MAX_PAGE_SIZE = 25, 100
PENDING_PAGE_SIZE = 1000


async def list_instances(state: State, context: Context, request: ListInstances) -> Response:
    """A page of instances, newest first."""
    asked = dict(request.query)
    page = page_of(dict(request.query), PAGE_SIZE, MAX_PAGE_SIZE)
    filters = [asked.get(name) or None for name in ("status", "workflow", "record")]
    return await listed(state, context, page, statements.LIST, *filters)


async def list_pending(state: State, context: Context, request: ListPending) -> Response:
    """Instances that wait for an approval: all, or those that the caller may decide."""
    page = page_of(dict(request.query), PENDING_PAGE_SIZE, PENDING_PAGE_SIZE)
    user = context.user
    mine = dict(request.query).get("assignee") == "me"
    who = (list(user.roles), [user.id], user.is_admin) if mine else (None, [user.id], user.is_admin)
    return await listed(state, context, page, statements.PENDING, *who)


async def get_instance(state: State, context: Context, request: GetInstance) -> Response:
    """One instance."""
    return await shown(state, context, request.id)


async def count_figures(state: State, context: Context, request: CountFigures) -> Figures:
    """How many instances wait for a decision, and how many have failed."""
    return Figures(*await load_counts(state.database(context.the_app), statements.FIGURES, context.remaining()))
