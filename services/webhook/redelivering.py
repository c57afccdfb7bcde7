"""Replays go on: the next part of the log, the deliveries that it comes to, and how far we are, in one transaction.

The webhook is asked as it is today, as somebody who has mended its condition wants it to be. Deliveries
have ids of their own and say that they are a replay.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from libs.shared import clock, exact
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.records import ReadEntityLog
from libs.shared.contracts.streams import CommitEvent
from libs.shared.errors import RocketError
from services.webhook import redelivery_store, store
from services.webhook.deliveries import NewDelivery
from services.webhook.matching import Book, Webhook, decide
from services.webhook.redelivery_store import Replay
from services.webhook.state import State

log = structlog.get_logger()

BACKLOG = 1_000
"""Deliveries that may wait at an endpoint before its replay waits, too."""
AGAIN = timedelta(seconds=1)
PARTS = 10
"""Parts of the log that one replay reads before others have their turn."""
PATIENCE = 10.0
"""Seconds that reading a part may take."""


async def go_on(state: State, app: AppRef) -> datetime | None:
    """A few steps of every replay of an app; answers when to go on, None when all are done."""
    replays = await redelivery_store.running(state.core.databases.of(app))
    for replay in replays:
        try:
            await _some_parts(state, app, replay)
        except RocketError as error:
            if not error.transient:
                await redelivery_store.fail(state.core.databases.of(app), replay, error.message)
            log.warning("replay.interrupted", app_id=app.id, replay_id=replay.id, error=error.message)
    return clock.now() + AGAIN if replays else None


async def _some_parts(state: State, app: AppRef, replay: Replay) -> None:
    database = state.core.databases.of(app)
    book = await state.books.load(app)
    webhook = book.by_id.get(replay.webhook_id)
    if webhook is None:
        await redelivery_store.fail(database, replay, "the webhook has been deleted")
        return
    for _ in range(PARTS):
        if await redelivery_store.is_backed_up(database, webhook.id, BACKLOG):
            return
        following = await _one_part(state, app, replay, book, webhook)
        if following is None:
            return
        replay = following


async def _one_part(state: State, app: AppRef, replay: Replay, book: Book, webhook: Webhook) -> Replay | None:
    """Derive the next part; None when that was the last one, or another replica is at it."""
    context = Context(trace_id=replay.trace_id, app=app, identity=SYSTEM).within(PATIENCE)
    request = ReadEntityLog(webhook.definition.entity, replay.position, replay.n, replay.last)
    part = await state.core.rpc.request(request, context)
    deliveries = _derived(app, replay, book, webhook, [CommitEvent(**each) for each in exact.loads(part.body)])
    async with state.core.databases.of(app).transaction() as transaction:
        moved = await redelivery_store.advance(transaction, replay, part.position, part.n, len(deliveries))
        if moved:
            await store.insert(transaction, deliveries, clock.now())
    state.dispatcher.wake(app, [webhook.id])
    done = part.position >= replay.last and part.n == redelivery_store.END
    if not moved or done:
        return None
    return Replay(replay.id, replay.webhook_id, replay.first, replay.last, part.position, part.n, replay.trace_id)


def _derived(app: AppRef, replay: Replay, book: Book, webhook: Webhook, events: list[CommitEvent]) -> list[NewDelivery]:
    matching = [event for event in events if book.matches(webhook, event)]
    return [
        delivery
        for event in matching
        if (delivery := decide(app, webhook, book.visible(event), f"replay/{replay.id}")) is not None
    ]
