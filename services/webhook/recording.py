"""Records the outcomes of attempts: the delivery, the attempt, the health of the endpoint, and signals about both.

Concurrent outcomes share their statements. Most are successes at healthy endpoints: one statement. All others
change something, and share one transaction. They are batched separately, so that successes do not wait for them.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.shared import clock
from libs.shared.bus.outbox.transactions import Transaction, Transactions
from libs.shared.bus.retry import is_outage
from libs.shared.bus.timers.due import Due
from libs.shared.concurrency.batcher import Batch, Batcher
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.signals import DeliveryFailed, WebhookAnswered
from libs.shared.postgres.databases import Databases
from libs.shared.telemetry.metrics import metrics
from services.webhook import attempt_store
from services.webhook.attempt_store import Entry
from services.webhook.deliveries import ACTIONS, ClaimedDelivery, NewDelivery, public_url
from services.webhook.health import HEALTHY, CircuitLimits, Health
from services.webhook.health_updates import HealthEvent, update_health
from services.webhook.retry_policy import DeliveryRetryPolicy, Verdict, judge
from services.webhook.sending import AttemptOutcome, WebhookRequest
from services.webhook.settings import WebhookSettings

MAX_OUTCOMES = 64
"""Outcomes of one statement, or transaction."""
MAX_PENDING = 10_000
"""Outcomes that are not recorded yet."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An attempt: its delivery, the request (None: nothing could be sent), and the outcome."""

    claimed: ClaimedDelivery
    request: WebhookRequest | None
    outcome: AttemptOutcome
    policy: DeliveryRetryPolicy

    @property
    def is_news(self) -> bool:
        """Whether it may change the health of the endpoint, fails the delivery, or is waited for."""
        return self.outcome.error is not None or self.claimed.ailing or self.claimed.awaited is not None


class Recorder:
    """Records the outcomes of one replica."""

    def __init__(self, settings: WebhookSettings, databases: Databases, due: Due, transactions: Transactions) -> None:
        self._databases = databases
        self._due = due
        self._transactions = transactions
        self._batcher: Batcher[tuple[AppRef, bool], Sent, None] = Batcher(
            "webhook", self._flush, max_items=MAX_OUTCOMES, max_pending=MAX_PENDING, serial=True
        )
        self._limits = CircuitLimits.of(
            settings.webhook_circuit_failures, settings.webhook_circuit_seconds, settings.webhook_disable_days
        )

    async def record(self, app: AppRef, sent: Sent) -> None:
        """Record an attempt. Raises what the database raises; then the claim lapses."""
        metrics.count("rocket_delivery_seconds_total", (sent.outcome.duration_ms or 0) / 1000)
        await self._batcher.call((app, sent.is_news), sent)

    async def note(self, app: AppRef, health_event: HealthEvent, before: Health) -> None:
        """Update the health of an endpoint by the response of a synchronous webhook."""
        if health_event.outcome.error is None and before == HEALTHY:
            return
        async with self._transactions.begin(app, emits=True) as transaction:
            changed = await update_health(transaction.connection, [health_event], self._limits)
            transaction.emit(*changed.signals)

    async def _flush(self, key: tuple[AppRef, bool], batch: Batch[Sent, None]) -> Sequence[BaseException | None]:
        """Write outcomes together; if one of several can't be written, each by itself."""
        (app, is_news), outcomes = key, batch.take()
        write = self._write_news if is_news else self._write_successes
        try:
            await write(app, outcomes)
        except Exception as error:
            if len(outcomes) == 1 or is_outage(error):
                raise
            return [await _failure_of(write(app, [sent])) for sent in outcomes]
        return [None] * len(outcomes)

    async def _write_successes(self, app: AppRef, batch: Sequence[Sent]) -> None:
        delivered = Verdict("delivered")
        entries = [Entry(sent.claimed, sent.request, sent.outcome, delivered) for sent in batch]
        await attempt_store.finish(self._databases.of(app), entries)
        _count(entries)

    async def _write_news(self, app: AppRef, batch: Sequence[Sent]) -> None:
        entries = [Entry(sent.claimed, sent.request, sent.outcome, _judged(sent)) for sent in batch]
        retry_at = min((entry.verdict.next_retry_at for entry in entries if entry.verdict.next_retry_at), default=None)
        async with self._transactions.begin(app, due_at=retry_at, emits=True) as transaction:
            ours = await attempt_store.finish(transaction.connection, entries)
            hold_until = await self._update_health(
                transaction, [entry for entry in entries if entry.claimed.id in ours]
            )
        _count(entries)
        if hold_until:
            await self._due.arm(app.id, hold_until)

    async def _update_health(self, transaction: Transaction, entries: Sequence[Entry]) -> datetime | None:
        """Update the health of endpoints by attempts; returns when the first held endpoint may be sent to again."""
        events = [event for entry in entries if (event := _health_event_of(entry))]
        changed = await update_health(transaction.connection, events, self._limits)
        transaction.emit(*changed.signals)
        transaction.emit(*(_failed(entry) for entry in entries if entry.verdict.status == "failed"))
        transaction.emit(*(_answered(entry) for entry in entries if _ends_waiting(entry)))
        return changed.hold_until


def _count(entries: Sequence[Entry]) -> None:
    for entry in entries:
        metrics.count("rocket_deliveries_total", outcome=entry.verdict.status)


async def _failure_of(work: Awaitable[None]) -> BaseException | None:
    try:
        await work
    except Exception as error:
        return error
    return None


def _judged(sent: Sent) -> Verdict:
    claimed, outcome = sent.claimed, sent.outcome
    # Unsendable requests, and endpoints that respond 410, are not retried.
    final = sent.request is None or outcome.status == 410
    return judge(
        outcome.error is None,
        claimed.attempt + 1,
        0 if final else claimed.max_attempts,
        sent.policy,
        clock.now(),
        random.random(),  # noqa: S311 - when to try again is no secret
        outcome.not_before,
    )


def _health_event_of(entry: Entry) -> HealthEvent | None:
    """The outcome as an event of the endpoint; None if nothing was sent."""
    claimed, request = entry.claimed, entry.request
    if request is None:
        return None
    is_action = claimed.hook in ACTIONS
    url = claimed.endpoint if is_action else request.url
    return HealthEvent(claimed.endpoint, url, claimed.trace_id, entry.outcome, can_disable=not is_action)


def _failed(entry: Entry) -> DeliveryFailed:
    claimed = entry.claimed
    return failed_signal(claimed.id, claimed, claimed.attempt + 1, entry.outcome.error or "")


def _ends_waiting(entry: Entry) -> bool:
    return entry.claimed.awaited is not None and entry.verdict.status in ("delivered", "failed")


def _answered(entry: Entry) -> WebhookAnswered:
    claimed, outcome = entry.claimed, entry.outcome
    answered = {"status": outcome.status, "body": outcome.body} if outcome.status is not None else None
    return WebhookAnswered(
        trace_id=claimed.trace_id,
        effect_key=claimed.commit_key,
        workflow_id=claimed.webhook_id,
        response=answered,
        error=outcome.error,
    )


def failed_signal(
    delivery_id: str, delivery: NewDelivery | ClaimedDelivery, attempt: int, error: str
) -> DeliveryFailed:
    """The signal about a delivery that is not retried."""
    return DeliveryFailed(
        trace_id=delivery.trace_id,
        delivery_id=delivery_id,
        webhook_id=delivery.webhook_id,
        entity=delivery.entity,
        record_id=delivery.record_id,
        hook=delivery.hook,
        # Templates of an action may have filled its path with values of a record.
        url=delivery.endpoint if delivery.hook in ACTIONS else public_url(delivery.url),
        attempt=attempt,
        error=error,
    )
