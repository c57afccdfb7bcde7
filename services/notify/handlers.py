"""The endpoints: the inbox, the log of notifications, and mails of other services."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from libs.shared import clock, exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.figures import CountFigures, Figures
from libs.shared.contracts.messages import Response
from libs.shared.contracts.notifications import (
    CountUnread,
    ListInbox,
    ListNotifications,
    MailQueued,
    ReadAllNotifications,
    ReadNotification,
    RetryNotification,
    SendMail,
    UnreadNotification,
)
from libs.shared.errors import invalid, invalid_field, not_found
from libs.shared.ids import parse_uuid
from libs.shared.paging import page_of
from libs.shared.postgres.counting import load_counts
from services.notify import store
from services.notify.addresses import is_address
from services.notify.mail_worker import SAFETY_S
from services.notify.matching import NewNotification
from services.notify.state import State
from services.notify.templates import MAX_BODY_CHARACTERS, one_line
from services.notify.views import visible

MAX_RECIPIENTS = 100


async def send_mail(state: State, context: Context, request: SendMail) -> MailQueued:
    """Queue a mail of another service, once per effect key."""
    _check(request)
    app, now = context.the_app, clock.now()
    new = NewNotification(
        channel="email",
        recipient=", ".join(dict.fromkeys(request.to)),
        subject=one_line(request.subject),
        body=request.text.replace("\0", "")[:MAX_BODY_CHARACTERS],
        effect_key=f"mail/{request.effect_key}",
        trace_id=context.trace_id,
        metadata={"cause": context.cause},
        confidential=request.confidential,
    )
    async with state.transactions.begin(app, due_at=now + timedelta(seconds=SAFETY_S)) as transaction:
        queued = await store.insert(transaction.connection, new, now)
        first = queued or await store.find_by_effect(transaction.connection, new.effect_key)
    state.due.wake(app)
    return MailQueued(first, repeated=queued is None)


async def list_inbox(state: State, context: Context, request: ListInbox) -> Response:
    """One page of the caller's inbox, newest first."""
    query = dict(request.query)
    page = page_of(query)
    unread = query.get("unread", "").lower() == "true"
    database = state.core.databases.of(context.the_app)
    rows, total = await store.inbox(database, context.user.id, unread, page.size, page.offset)
    return Response(body=b'{"data":%s,"meta":%s}' % (rows, exact.dumps(page.meta(total))))


async def read_notification(state: State, context: Context, request: ReadNotification) -> Response:
    """Mark one of the caller's notifications as read."""
    database = state.core.databases.of(context.the_app)
    row = await store.read(database, context.user.id, _id(request.id), clock.now())
    if row is None:
        raise not_found("Notification")
    return Response(body=b'{"data":%s}' % row)


async def unread_notification(state: State, context: Context, request: UnreadNotification) -> Response:
    """Mark one of the caller's notifications as unread."""
    row = await store.unread(state.core.databases.of(context.the_app), context.user.id, _id(request.id))
    if row is None:
        raise not_found("Notification")
    return Response(body=b'{"data":%s}' % row)


async def count_unread(state: State, context: Context, _: CountUnread) -> Response:
    """How many of the caller's notifications are unread."""
    count = await store.count_unread(state.core.databases.of(context.the_app), context.user.id)
    return Response(body=b'{"data":{"count":%d}}' % count)


async def read_all_notifications(state: State, context: Context, _: ReadAllNotifications) -> Response:
    """Mark all of the caller's notifications as read."""
    updated = await store.read_all(state.core.databases.of(context.the_app), context.user.id, clock.now())
    return Response(body=b'{"data":{"updated":%d}}' % updated)


async def list_notifications(state: State, context: Context, request: ListNotifications) -> Response:
    """One page of the log of all notifications, newest first."""
    query = dict(request.query)
    page = page_of(query)
    status, channel = query.get("status", ""), query.get("channel", "")
    database = state.core.databases.of(context.the_app)
    rows, total = await store.log(database, status, channel, page.size, page.offset)
    schema = await state.core.schemas.get(context.the_app)
    return Response(body=exact.dumps({"data": visible(rows, schema), "meta": page.meta(total)}))


async def count_figures(state: State, context: Context, request: CountFigures) -> Figures:
    """How many notifications have failed."""
    database = state.core.databases.of(context.the_app)
    return Figures(*await load_counts(database, store.FIGURES, context.remaining()))


async def retry_notification(state: State, context: Context, request: RetryNotification) -> Response:
    """Retry a failed mail now, regardless of its attempts."""
    notification_id, app, now = _id(request.id), context.the_app, clock.now()
    async with state.transactions.begin(app, due_at=now + timedelta(seconds=SAFETY_S)) as transaction:
        made_due = await store.make_due(transaction.connection, notification_id, now)
    row = await store.get(state.core.databases.of(app), notification_id)
    if row is None:
        raise not_found("Notification")
    if not made_due:
        raise invalid("Only failed notifications can be retried that have a recipient and hold no secret")
    state.due.wake(app)
    [shown] = visible(b"[%s]" % row, await state.core.schemas.get(app))
    return Response(body=exact.dumps({"data": shown}))


def _check(request: SendMail) -> None:
    if not 1 <= len(request.to) <= MAX_RECIPIENTS or not all(map(is_address, request.to)):
        raise invalid_field("to", f"to must be 1 to {MAX_RECIPIENTS} mail addresses")
    if not request.effect_key:
        raise invalid_field("effect_key", "effect_key must not be empty")


def _id(text: str) -> UUID:
    identifier = parse_uuid(text)
    if identifier is None:
        raise not_found("Notification")
    return identifier
