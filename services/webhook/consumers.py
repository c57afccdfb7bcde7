"""Commits become deliveries: one per matching webhook, and per webhook action of a transition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from libs.shared import clock
from libs.shared.bus.consumers.consumer import Interest
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.streams import CommitEvent
from libs.shared.postgres.databases import Connection
from libs.shared.telemetry import tracing
from services.webhook import store
from services.webhook.deliveries import NewDelivery, origin_of
from services.webhook.dispatcher import SAFETY_S
from services.webhook.matching import decide
from services.webhook.recording import failed_signal
from services.webhook.state import State
from services.webhook.transition_actions import WEBHOOK, deliveries_of, has_webhooks


async def prepare(state: State, app: AppRef, events: Sequence[CommitEvent]) -> None:
    """Load the webhooks that hold for the events, and set the timer that outlives a crash."""
    await state.books.prepare(app, {event.schema_version for event in events})
    candidates = [webhook for event in events for webhook in state.books.of(app, event).candidates(event)]
    if candidates or any(map(has_webhooks, events)):
        await state.due.arm(app.id, clock.now() + timedelta(seconds=SAFETY_S))
    if any(webhook.condition for webhook in candidates):
        # A condition that can't be evaluated ends in a signal.
        await state.relay.activate(app)


async def interest(state: State, app: AppRef, schema_version: int) -> Interest:
    """Which commits any webhook waits for, by the definitions of this version."""
    await state.books.prepare(app, {schema_version})
    return state.books.at(app, schema_version).wants


def concerns(state: State, app: AppRef, event: CommitEvent) -> bool:
    """Whether any webhook waits for such a commit, or one of its own transitions asks for a request."""
    return has_webhooks(event) or bool(state.books.of(app, event).candidates(event))


async def note_deliveries(state: State, app: AppRef, transaction: Connection, events: Sequence[CommitEvent]) -> None:
    """Insert the deliveries of commits; they are sent when the transaction has committed."""
    deliveries = [delivery for event in events for delivery in _deliveries(state, app, event)]
    for delivery_id, delivery in await store.insert(transaction, deliveries, clock.now()):
        if delivery.error:
            await state.outbox.emit(transaction, failed_signal(delivery_id, delivery, 0, delivery.error))


def _deliveries(state: State, app: AppRef, event: CommitEvent) -> list[NewDelivery]:
    book = state.books.of(app, event)
    candidates, event = book.candidates(event), book.visible(event)
    context = Context(trace_id=event.trace_id, app=app, identity=SYSTEM)
    with tracing.remote(context), tracing.span("webhook", "matcher", "webhook.match", entity=event.entity) as span:
        span.record_id = event.record_id
        found = [delivery for webhook in candidates if (delivery := decide(app, webhook, event))]
        span.metadata = {"candidates": len(candidates), "matched": len(found)}
    return [*found, *deliveries_of(app, event)]


def hurry(state: State, app: AppRef, events: Sequence[CommitEvent]) -> None:
    """What was committed is due now; no need to wait for the timer."""
    endpoints = [webhook.id for event in events for webhook in state.books.of(app, event).candidates(event)]
    endpoints += [origin_of(effect["url"]) for event in events for effect in event.effects if effect["type"] == WEBHOOK]
    if endpoints:
        state.dispatcher.wake(app, endpoints)
