"""Webhook actions of workflows become deliveries: the same log, retries and limits as for webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from libs.shared import clock, exact
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.signals import WebhookRequested
from libs.shared.contracts.streams import SignalEvent
from libs.shared.postgres.databases import Connection
from services.webhook import store
from services.webhook.deliveries import NewDelivery, origin_of
from services.webhook.dispatcher import SAFETY_S
from services.webhook.matching import with_content_type
from services.webhook.state import State

HOOK = "workflow"
ATTEMPTS = 3
BACKOFF = "exponential"


def delivery_of(signal: WebhookRequested) -> NewDelivery:
    """The delivery that a workflow's step asks for; its webhook_id is the workflow's id."""
    return NewDelivery(
        webhook_id=signal.workflow_id,
        commit_key=signal.effect_key,
        entity=signal.entity,
        record_id=signal.record_id,
        hook=HOOK,
        url=signal.url,
        method=signal.method,
        headers=with_content_type({}),
        body=exact.dumps(signal.body).decode(),
        max_attempts=ATTEMPTS,
        backoff=BACKOFF,
        idempotency_key=f"wh_{signal.effect_key}",
        trace_id=signal.trace_id,
        endpoint=origin_of(signal.url),
    )


async def prepare(state: State, app: AppRef, signals: Sequence[SignalEvent]) -> None:
    """Set the timer that outlives a crash."""
    if any(map(WebhookRequested.is_in, signals)):
        await state.due.arm(app.id, clock.now() + timedelta(seconds=SAFETY_S))


def concerns(state: State, app: AppRef, signal: SignalEvent) -> bool:
    """Whether a signal asks for a delivery."""
    return WebhookRequested.is_in(signal)


async def note_request(state: State, app: AppRef, transaction: Connection, signal: SignalEvent) -> None:
    """Insert the delivery that a signal asks for."""
    if requested := WebhookRequested.decode(signal):
        await store.insert(transaction, [delivery_of(requested)], clock.now())


def hurry(state: State, app: AppRef, signals: Sequence[SignalEvent]) -> None:
    """What was asked for is due now."""
    asked = [origin_of(requested.url) for signal in signals if (requested := WebhookRequested.decode(signal))]
    if asked:
        state.dispatcher.wake(app, asked)
