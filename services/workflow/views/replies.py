"""Responses with instances."""

from __future__ import annotations

import uuid

from libs.shared import exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import not_found
from libs.shared.ids import parse_uuid
from libs.shared.paging import Page
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


async def history_of(state: State, context: Context, id_text: str, page: Page, last: int) -> Response:
    """A page of an instance's history up to an entry, narrowed as the instance itself is. Raises NOT_FOUND."""
    database, instance_id = state.database(context.the_app), id_in(id_text)
    text = await database.fetchval(statements.SHOW, instance_id)
    found = await database.fetchrow(statements.HISTORY, instance_id, page.size, page.offset, last)
    if text is None or found is None:
        raise not_found("Workflow instance")
    instance, entries = with_approvals(read(text)), read(found["rows"])
    # The newest entries stay behind the page: they tell whether the caller has taken part.
    asked = {**instance, "history": [*entries, *instance["history"]]}
    [visible] = await visible_instances(state, context, [asked])
    return Response(body=exact.dumps({"data": visible["history"][: len(entries)], "meta": page.meta(found["total"])}))
