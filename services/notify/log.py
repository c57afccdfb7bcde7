"""The log of all notifications, for admins, and what is sent again."""

from __future__ import annotations

from datetime import timedelta

from libs.shared import clock, exact
from libs.shared.bodies import parse_body
from libs.shared.contracts import notifications as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.figures import CountFigures, Figures
from libs.shared.contracts.messages import Response
from libs.shared.contracts.notification_bodies import RetryManyBody
from libs.shared.errors import invalid, not_found
from libs.shared.paging import page_of
from libs.shared.postgres.counting import load_counts
from libs.shared.schema.validation_errors import refuse_unknown
from services.notify import log_store, store
from services.notify.inbox import notification_id
from services.notify.sender import SAFETY_S
from services.notify.state import State
from services.notify.views import visible


async def list_notifications(state: State, context: Context, request: contracts.ListNotifications) -> Response:
    """One page of the log of all notifications, newest first."""
    query = dict(request.query)
    page, order = page_of(query), log_store.order_of(query.get("sort", ""))
    database = state.core.databases.of(context.the_app)
    rows, total = await log_store.log(database, log_store.selection(query), order, page.size, page.offset)
    schema = await state.core.schemas.get(context.the_app)
    return Response(body=exact.dumps({"data": visible(rows, schema), "meta": page.meta(total)}))


async def get_notification(state: State, context: Context, request: contracts.GetNotification) -> Response:
    """One notification, with its attempts."""
    return await _shown(state, context, request.id)


async def retry_notification(state: State, context: Context, request: contracts.RetryNotification) -> Response:
    """Retry a failed notification now, regardless of its attempts."""
    app, now = context.the_app, clock.now()
    async with state.transactions.begin(app, due_at=now + timedelta(seconds=SAFETY_S)) as transaction:
        made_due = await store.make_due(transaction.connection, notification_id(request.id), now)
    response = await _shown(state, context, request.id)
    if not made_due:
        raise invalid("Only failed notifications can be retried that have a recipient and hold no secret")
    state.due.wake(app)
    return response


async def retry_notifications(state: State, context: Context, request: contracts.RetryNotifications) -> Response:
    """Retry all failed notifications of a selection now."""
    chosen = parse_body(RetryManyBody, request.body).filter
    refuse_unknown(chosen, contracts.LOG_FILTERS, "filter")
    app, now = context.the_app, clock.now()
    async with state.transactions.begin(app, due_at=now + timedelta(seconds=SAFETY_S)) as transaction:
        retried = await log_store.make_all_due(transaction.connection, log_store.selection(chosen), now)
    state.due.wake(app)
    return Response(body=b'{"data":{"retried":%d}}' % retried)


async def count_figures(state: State, context: Context, request: CountFigures) -> Figures:
    """How many notifications have failed."""
    database = state.core.databases.of(context.the_app)
    return Figures(*await load_counts(database, store.FIGURES, context.remaining()))


async def _shown(state: State, context: Context, text: str) -> Response:
    row = await log_store.get(state.core.databases.of(context.the_app), notification_id(text))
    if row is None:
        raise not_found("Notification")
    [shown] = visible(b"[%s]" % row, await state.core.schemas.get(context.the_app))
    return Response(body=exact.dumps({"data": shown}))
