"""Turns webhook actions of workflows into deliveries, with the log, retries and limits of webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from libs.shared import clock, exact
from libs.shared.bus.consumers.consumer import Plan
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.signals import WebhookRequested
from libs.shared.contracts.streams import SignalEvent
from services.webhook import store
from services.webhook.deliveries import NewDelivery, origin_of
from services.webhook.dispatcher import SAFETY_S
from services.webhook.matching import with_content_type
from services.webhook.state import State
from services.webhook.transition_actions import header_of

HOOK = "workflow"
MAX_ATTEMPTS = 3
BACKOFF = "exponential"


def delivery_of(signal: WebhookRequested) -> NewDelivery:
    """The delivery of a workflow's step; its webhook_id is the workflow's id."""
    return NewDelivery(
        webhook_id=signal.workflow_id,
        commit_key=signal.effect_key,
        entity=signal.entity,
        record_id=signal.record_id,
        hook=HOOK,
        url=signal.url,
        method=signal.method,
        headers=with_content_type({name: header_of(value) for name, value in (signal.headers or {}).items()}),
        body=exact.dumps(signal.body).decode(),
        max_attempts=MAX_ATTEMPTS,
        backoff=BACKOFF,
        idempotency_key=f"wh_{signal.effect_key}",
        trace_id=signal.trace_id,
        endpoint=origin_of(signal.url),
        awaited=signal.awaited,
    )


async def plan(state: State, app: AppRef, events: Sequence[SignalEvent]) -> Plan:
    """The deliveries that signals request."""
    requested = [WebhookRequested.decode(event) for event in events]
    reactions = [delivery_of(signal) if signal else None for signal in requested]
    return Plan(reactions, clock.now() + timedelta(seconds=SAFETY_S) if any(reactions) else None)


async def apply(state: State, transaction: Transaction, reactions: Sequence[NewDelivery]) -> None:
    """Insert deliveries."""
    await store.insert(transaction.connection, reactions, clock.now())


def wake(state: State, app: AppRef, reactions: Sequence[NewDelivery]) -> None:
    """Wake the dispatcher for the committed deliveries, ahead of the timer."""
    state.dispatcher.wake(app, [delivery.endpoint for delivery in reactions])
