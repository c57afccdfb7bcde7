"""Webhook actions of workflows become deliveries: the same log, retries and limits as for webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from libs.shared import clock, exact
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import Signal
from libs.shared.postgres.databases import Connection
from services.webhook import store
from services.webhook.deliveries import NewDelivery, origin_of
from services.webhook.dispatcher import SAFETY
from services.webhook.matching import with_content_type
from services.webhook.state import State

REQUESTED = "webhook_requested"
HOOK = "workflow"
ATTEMPTS = 3
BACKOFF = "exponential"


def delivery_of(signal: Signal) -> NewDelivery:
    """The delivery that a workflow's step asks for; its webhook_id is the workflow's id."""
    data = signal.data
    return NewDelivery(
        webhook_id=data["workflow_id"],
        commit_key=data["effect_key"],
        entity=data["entity"],
        record_id=data["record_id"],
        hook=HOOK,
        url=data["url"],
        method=data["method"],
        headers=with_content_type({}),
        body=exact.dumps(data["body"]).decode(),
        max_attempts=ATTEMPTS,
        backoff=BACKOFF,
        idempotency_key=f"wh_{data['effect_key']}",
        trace_id=signal.trace_id,
        endpoint=origin_of(data["url"]),
    )


async def prepare(state: State, app: AppRef, signals: Sequence[Signal]) -> None:
    """Set the timer that outlives a crash."""
    if any(signal.what == REQUESTED for signal in signals):
        await state.due.arm(app.id, clock.now() + timedelta(seconds=SAFETY))


def concerns(state: State, app: AppRef, signal: Signal) -> bool:
    """Whether a signal asks for a delivery."""
    return signal.what == REQUESTED


async def note_request(state: State, app: AppRef, transaction: Connection, signal: Signal) -> None:
    """Insert the delivery that a signal asks for."""
    await store.insert(transaction, [delivery_of(signal)], clock.now())


def hurry(state: State, app: AppRef, signals: Sequence[Signal]) -> None:
    """What was asked for is due now."""
    asked = [origin_of(signal.data["url"]) for signal in signals if signal.what == REQUESTED]
    if asked:
        state.dispatcher.nudge(app, asked)
