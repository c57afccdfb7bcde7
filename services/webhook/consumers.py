"""Commits become deliveries: one per matching webhook, and per webhook action of a transition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from libs.shared import clock
from libs.shared.bus.consumers.consumer import Plan
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.streams import CommitEvent
from libs.shared.telemetry import tracing
from services.webhook import store
from services.webhook.deliveries import NewDelivery, match_span_id
from services.webhook.dispatcher import SAFETY_S
from services.webhook.matching import WebhookIndex, decide, public_event
from services.webhook.recording import failed_signal
from services.webhook.state import State
from services.webhook.transition_actions import deliveries_of

Deliveries = Sequence[NewDelivery]
"""The deliveries of one commit."""


async def plan(state: State, app: AppRef, events: Sequence[CommitEvent]) -> Plan:
    """The deliveries of commits, by the webhooks of their schema versions."""
    await state.webhooks.prepare(app, {event.schema_version for event in events})
    reactions = [_deliveries(app, state.webhooks.of(app, event), event) or None for event in events]
    return Plan(reactions, clock.now() + timedelta(seconds=SAFETY_S) if any(reactions) else None)


def _deliveries(app: AppRef, index: WebhookIndex, event: CommitEvent) -> Deliveries:
    candidates = index.candidates(event)
    if not candidates and not event.effects:
        return []
    cause = Context(event.trace_id, tracing.write_span_id(event.commit_id), app=app, identity=SYSTEM)
    own = match_span_id(event.trace_id, event.key)
    with tracing.remote(cause), tracing.span("webhook", "matcher", "webhook.match", event.entity, own) as span:
        span.record_id = event.record_id
        public = public_event(index, event) if candidates else event
        found = [delivery for webhook in candidates if (delivery := decide(app, webhook, public))]
        actions = deliveries_of(app, event)
        span.metadata = {"candidates": len(candidates), "matched": len(found), "actions": len(actions)}
    return [*found, *actions]


async def apply(state: State, transaction: Transaction, reactions: Sequence[Deliveries]) -> None:
    """Insert deliveries. Those that can't be sent, as their condition failed, end in a signal."""
    deliveries = [delivery for each in reactions for delivery in each]
    for delivery_id, delivery in await store.insert(transaction.connection, deliveries, clock.now()):
        if delivery.error:
            transaction.emit(failed_signal(delivery_id, delivery, 0, delivery.error))


def wake(state: State, app: AppRef, reactions: Sequence[Deliveries]) -> None:
    """Wake the dispatcher for the committed deliveries, ahead of the timer."""
    state.dispatcher.wake(app, [delivery.endpoint for each in reactions for delivery in each])
