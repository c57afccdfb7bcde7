"""The inbox of the caller, and how they want to be notified."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from libs.shared import clock, exact
from libs.shared.bodies import parse_body
from libs.shared.contracts import notifications as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.notification_bodies import MAX_MUTED, MutedBody, PreferencesBody
from libs.shared.errors import not_found
from libs.shared.ids import parse_uuid
from libs.shared.paging import page_of
from services.notify import inbox_store as store
from services.notify import preference_store
from services.notify.preferences import DEFAULTS
from services.notify.state import State
from services.notify.unsubscribing import read_token


async def list_inbox(state: State, context: Context, request: contracts.ListInbox) -> Response:
    """One page of the caller's inbox, newest first."""
    query = dict(request.query)
    page = page_of(query)
    unread, archived = (query.get(name, "").lower() == "true" for name in ("unread", "archived"))
    database, kind = state.core.databases.of(context.the_app), query.get("type", "")
    rows, total = await store.inbox(database, context.user.id, unread, archived, kind, page.size, page.offset)
    return Response(body=b'{"data":%s,"meta":%s}' % (rows, exact.dumps(page.meta(total))))


async def list_new_rows(state: State, context: Context, request: contracts.ListNewInboxRows) -> contracts.NewInboxRows:
    """What has come since a look; nothing to one who has not looked yet."""
    since = datetime.fromtimestamp(request.after / 1e6, UTC) if request.after >= 0 else clock.now() + timedelta(days=1)
    now, found, is_cut = await store.arrived(state.core.databases.of(context.the_app), context.user.id, since)
    # What is being stored just now has a position before now; the reader looks again at the last seconds.
    position = now if is_cut or not found else found[-1][1]
    body = "\n".join(row for *_, row in found).encode()
    return contracts.NewInboxRows(position, [(row_id, place) for row_id, place, _ in found], is_cut, body)


async def read_notification(state: State, context: Context, request: contracts.ReadNotification) -> Response:
    """Mark one of the caller's notifications as read."""
    database = state.core.databases.of(context.the_app)
    return _one(await store.read(database, context.user.id, notification_id(request.id), clock.now()))


async def unread_notification(state: State, context: Context, request: contracts.UnreadNotification) -> Response:
    """Mark one of the caller's notifications as unread."""
    database = state.core.databases.of(context.the_app)
    return _one(await store.unread(database, context.user.id, notification_id(request.id)))


async def archive_notification(state: State, context: Context, request: contracts.ArchiveNotification) -> Response:
    """Put one of the caller's notifications into the archive."""
    database = state.core.databases.of(context.the_app)
    return _one(await store.archive(database, context.user.id, notification_id(request.id), clock.now()))


async def count_unread(state: State, context: Context, _: contracts.CountUnread) -> Response:
    """How many of the caller's notifications are unread."""
    count = await store.count_unread(state.core.databases.of(context.the_app), context.user.id)
    return Response(body=b'{"data":{"count":%d}}' % count)


async def read_all_notifications(state: State, context: Context, _: contracts.ReadAllNotifications) -> Response:
    """Mark all of the caller's notifications as read."""
    updated = await store.read_all(state.core.databases.of(context.the_app), context.user.id, clock.now())
    return Response(body=b'{"data":{"updated":%d}}' % updated)


async def get_preferences(state: State, context: Context, _: contracts.GetPreferences) -> Response:
    """How the caller wants to be notified."""
    user_id = context.user.id
    found = await preference_store.load(state.core.databases.of(context.the_app), [user_id])
    return _shown(found.get(user_id, DEFAULTS))


async def replace_preferences(state: State, context: Context, request: contracts.ReplacePreferences) -> Response:
    """Change how the caller is notified; it holds for what comes from now on."""
    preferences = parse_body(PreferencesBody, request.body)
    async with state.transactions.begin(context.the_app) as transaction:
        await preference_store.save(transaction.connection, context.user.id, preferences)
    return _shown(preferences)


async def unsubscribe(state: State, context: Context, request: contracts.Unsubscribe) -> Response:
    """Mute what a mail was about, for the person it was sent to."""
    app = context.the_app
    found = read_token(state.core.settings.secret_key, app.id, request.token)
    if found is None:
        raise not_found("Subscription")
    user_id, muted = found
    async with state.transactions.begin(app) as transaction:
        known = (await preference_store.load(transaction.connection, [user_id])).get(user_id, DEFAULTS)
        wanted = MutedBody(**muted)
        if wanted not in known.muted and len(known.muted) < MAX_MUTED:
            changed = known.model_copy(update={"muted": [*known.muted, wanted]})
            await preference_store.save(transaction.connection, user_id, changed)
    return Response(body=exact.dumps({"data": {"muted": muted}}))


def notification_id(text: str) -> UUID:
    """The id of a notification. Raises NOT_FOUND for what is none."""
    identifier = parse_uuid(text)
    if identifier is None:
        raise not_found("Notification")
    return identifier


def _one(row: bytes | None) -> Response:
    if row is None:
        raise not_found("Notification")
    return Response(body=b'{"data":%s}' % row)


def _shown(preferences: PreferencesBody) -> Response:
    return Response(body=exact.dumps({"data": preferences.model_dump(exclude_none=True)}))
