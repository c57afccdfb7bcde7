"""Responses with instances."""

from __future__ import annotations

import uuid
from typing import Any

from libs.shared import exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import not_found
from libs.shared.ids import parse_uuid
from libs.shared.paging import Page
from libs.shared.postgres.listings import load_json_page
from services.workflow.state import State
from services.workflow.views import statements
from services.workflow.views.approvals import with_approvals
from services.workflow.views.visibility import read, visible_instances


def id_in(text: str) -> uuid.UUID:
    """The id of an instance. Raises NOT_FOUND."""
    parsed = parse_uuid(text)
    if parsed is None:
        raise not_found("Workflow instance")
    return parsed


async def shown(state: State, context: Context, id_text: str, status: int = 200) -> Response:
    """One instance. Raises NOT_FOUND."""
    text = await state.database(context.the_app).fetchval(statements.SHOW, id_in(id_text))
    if text is None:
        raise not_found("Workflow instance")
    [visible] = await visible_instances(state, context, [with_approvals(read(text))])
    return Response(status, exact.dumps({"data": visible}))


async def listed(state: State, context: Context, page: Page, statement: str, *filters: Any) -> Response:
    """A page of instances."""
    database = state.database(context.the_app)
    rows, total = await load_json_page(database, statement, *filters, page.size, page.offset)
    found = [with_approvals(each) for each in read(rows)]
    visible = await visible_instances(state, context, found)
    return Response(body=exact.dumps({"data": visible, "meta": page.meta(total)}))
