"""Commits become deliveries: one per matching webhook, and per webhook action of a transition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from libs.shared import clock
from libs.shared.bus.consumer import Interest
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.postgres.databases import Connection
from libs.shared.telemetry import tracing
from services.webhook import store
from services.webhook.dispatcher import SAFETY, failed_signal
from services.webhook.effects import deliveries_of, has_webhooks
from services.webhook.matching import decide
from services.webhook.state import State


async def prepare(state: State, app: AppRef, events: Sequence[CommitEvent]) -> None:
    """Load the webhooks as of the newest event, and set the timer that outlives a crash."""
    book = await state.books.load(app, max(event.schema_version for event in events))
    candidates = [webhook for event in events for webhook in book.candidates(event)]
    if candidates or any(map(has_webhooks, events)):
        await state.due.arm(app.id, clock.now() + timedelta(seconds=SAFETY))
    if any(webhook.condition for webhook in candidates):
        # A condition that can't be evaluated ends in a signal.
        await state.relay.activate(app)


async def interest(state: State, app: AppRef, schema_version: int) -> Interest:
    """Which commits any webhook waits for."""
    return (await state.books.load(app, schema_version)).wants


def concerns(state: State, app: AppRef, event: CommitEvent) -> bool:
    """Whether any webhook waits for such a commit, or one of its own transitions asks for a request."""
    return has_webhooks(event) or bool(state.books.of(app).candidates(event))


async def note_deliveries(state: State, app: AppRef, transaction: Connection, event: CommitEvent) -> None:
    """Insert the deliveries of one commit; they are sent when the transaction has committed."""
    book = state.books.of(app)
    candidates, event = book.candidates(event), book.visible(event)
    with tracing.span("webhook", "matcher", "webhook.match", entity=event.entity) as span:
        span.record_id = event.record_id
        found = [delivery for webhook in candidates if (delivery := decide(app, webhook, event))]
        span.metadata = {"candidates": len(candidates), "matched": len(found)}
    for delivery in [*found, *deliveries_of(app, event)]:
        fresh = await store.insert(transaction, delivery, clock.now())
        if fresh and delivery.error:
            signal = failed_signal(fresh, delivery, 0, delivery.error)
            await state.outbox.emit(transaction, "delivery_failed", delivery.webhook_id, event.trace_id, signal)


def hurry(state: State, app: AppRef, events: Sequence[CommitEvent]) -> None:
    """What was committed is due now; no need to wait for the timer."""
    book = state.books.of(app)
    if any(has_webhooks(event) or book.candidates(event) for event in events):
        state.dispatcher.nudge(app)
