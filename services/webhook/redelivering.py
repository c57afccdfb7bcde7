"""Continues redeliveries: the deliveries of the next part of the log, with the progress, in one transaction.

A redelivery matches commits with the current webhook, so that a corrected condition applies. Its deliveries
have new ids, and a header marks them as a replay.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from libs.shared import clock, exact
from libs.shared.contracts.commits import ReadEntityLog
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.streams import CommitEvent
from libs.shared.errors import RocketError
from services.webhook import redelivery_store, store
from services.webhook.deliveries import NewDelivery
from services.webhook.matching import Webhook, WebhookIndex, decide, is_about, public_event
from services.webhook.redelivery_store import Redelivery
from services.webhook.state import State

log = structlog.get_logger()

MAX_BACKLOG = 1_000
"""Deliveries that may wait at an endpoint before its redelivery waits, too."""
CONTINUATION_DELAY = timedelta(seconds=1)
MAX_PARTS = 10
"""Parts of the log that one redelivery reads before the next redelivery continues."""
TIMEOUT_S = 10.0
"""Seconds that reading a part may take."""


async def go_on(state: State, app: AppRef) -> datetime | None:
    """Derive some parts of every redelivery of an app; returns when to continue, None when all are done."""
    redeliveries = await redelivery_store.running(state.core.databases.of(app))
    for redelivery in redeliveries:
        try:
            await _some_parts(state, app, redelivery)
        except RocketError as error:
            if not error.transient:
                await redelivery_store.fail(state.core.databases.of(app), redelivery, error.message)
            log.warning("redelivery.interrupted", app_id=app.id, redelivery_id=redelivery.id, error=error.message)
    return clock.now() + CONTINUATION_DELAY if redeliveries else None


async def _some_parts(state: State, app: AppRef, redelivery: Redelivery) -> None:
    database = state.core.databases.of(app)
    index = await state.webhooks.load(app)
    webhook = index.by_id.get(redelivery.webhook_id)
    if webhook is None:
        await redelivery_store.fail(database, redelivery, "the webhook has been deleted")
        return
    for _ in range(MAX_PARTS):
        if await redelivery_store.is_backed_up(database, webhook.id, MAX_BACKLOG):
            return
        following = await _one_part(state, app, redelivery, index, webhook)
        if following is None:
            return
        redelivery = following


async def _one_part(
    state: State, app: AppRef, redelivery: Redelivery, index: WebhookIndex, webhook: Webhook
) -> Redelivery | None:
    """Derive the next part; None when that was the last one, or another replica works on it."""
    context = Context(trace_id=redelivery.trace_id, app=app, identity=SYSTEM).within(TIMEOUT_S)
    request = ReadEntityLog(webhook.definition.entity, redelivery.position, redelivery.n, redelivery.last)
    part = await state.core.rpc.request(request, context)
    deliveries = _derived(app, redelivery, index, webhook, [CommitEvent(**each) for each in exact.loads(part.body)])
    async with state.core.databases.of(app).transaction() as transaction:
        moved = await redelivery_store.advance(transaction, redelivery, part.position, part.n, len(deliveries))
        if moved:
            await store.insert(transaction, deliveries, clock.now())
    state.dispatcher.wake(app, [webhook.id])
    done = part.position >= redelivery.last and part.n == redelivery_store.LAST_ENTRY
    if not moved or done:
        return None
    return Redelivery(
        redelivery.id,
        redelivery.webhook_id,
        redelivery.first,
        redelivery.last,
        part.position,
        part.n,
        redelivery.trace_id,
    )


def _derived(
    app: AppRef, redelivery: Redelivery, index: WebhookIndex, webhook: Webhook, events: list[CommitEvent]
) -> list[NewDelivery]:
    matching = [event for event in events if is_about(webhook, event)]
    return [
        delivery
        for event in matching
        if (delivery := decide(app, webhook, public_event(index, event), f"replay/{redelivery.id}")) is not None
    ]
