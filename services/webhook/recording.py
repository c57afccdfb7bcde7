"""What came of a delivery is written down: status, attempt, the endpoint's health, and who is told of it.

Outcomes that end at the same time share their statements. Most are successes at endpoints that are well: one
statement. All others are news: the deliveries, the endpoints' health and the signals about both, in one transaction;
they gather apart, so that whoever is well does not wait for them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from libs.shared import clock
from libs.shared.bus.outbox.outbox import Outbox
from libs.shared.bus.outbox.relay import Relay
from libs.shared.bus.retry import is_outage
from libs.shared.bus.timers.due import Due
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.signals import DeliveryFailed
from libs.shared.postgres.databases import Connection, Databases
from services.webhook import attempt_store
from services.webhook.attempt_store import Entry
from services.webhook.deliveries import ACTIONS, ClaimedDelivery, NewDelivery, public_url
from services.webhook.health import HEALTHY, CircuitLimits, Health
from services.webhook.health_updates import HealthChanges, HealthEvent, update_health
from services.webhook.retry_policy import DeliveryRetryPolicy, Verdict, judge
from services.webhook.sending import AttemptOutcome, WebhookRequest
from services.webhook.settings import WebhookSettings

MAX_OUTCOMES = 64
"""Outcomes of one statement, or transaction."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An attempt that was made: of which delivery, what was sent (None: nothing could be), and what came of it."""

    claimed: ClaimedDelivery
    request: WebhookRequest | None
    outcome: AttemptOutcome
    policy: DeliveryRetryPolicy

    @property
    def is_news(self) -> bool:
        """Whether it says anything that was not to be expected."""
        return self.outcome.error is not None or self.claimed.ailing


Waiting = tuple[Sent, "asyncio.Future[None]"]


class Recorder:
    """The outcomes of one replica."""

    def __init__(self, settings: WebhookSettings, databases: Databases, due: Due, outbox: Outbox, relay: Relay) -> None:
        self._databases = databases
        self._due = due
        self._outbox = outbox
        self._relay = relay
        self._gathering: dict[tuple[str, bool], list[Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._limits = CircuitLimits.of(
            settings.webhook_circuit_failures, settings.webhook_circuit_seconds, settings.webhook_disable_days
        )

    async def record(self, app: AppRef, sent: Sent) -> None:
        """Write an attempt down. Raises what the database raises; then the claim lapses."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        key = (app.id, sent.is_news)
        if key not in self._gathering:
            self._gathering[key] = []
            task = asyncio.create_task(self._flush(app, key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._gathering[key].append((sent, done))
        await done

    async def note(self, app: AppRef, health_event: HealthEvent, before: Health) -> None:
        """Write down what an answer that belongs to no delivery says of an endpoint."""
        if health_event.outcome.error is None and before == HEALTHY:
            return
        await self._relay.activate(app)
        async with self._databases.of(app).transaction() as transaction:
            changed = await update_health(transaction, [health_event], self._limits)
            await self._outbox.emit(transaction, *changed.signals)
        self._relay.wake(app)

    async def _flush(self, app: AppRef, key: tuple[str, bool]) -> None:
        """Write what gathers until nothing does: while one batch is written, the next one comes together."""
        waiting = self._gathering[key]
        try:
            while waiting:
                batch = waiting[:MAX_OUTCOMES]
                del waiting[:MAX_OUTCOMES]
                await self._write(app, batch)
        finally:
            del self._gathering[key]
            for _, done in waiting:
                done.cancel()

    async def _write(self, app: AppRef, batch: Sequence[Waiting]) -> None:
        write = self._write_news if batch[0][0].is_news else self._write_successes
        try:
            await write(app, [sent for sent, _ in batch])
        except Exception as error:
            if len(batch) > 1 and not is_outage(error):
                for waiting in batch:  # whoever it was, the others have not deserved it
                    await self._write(app, [waiting])
                return
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
        else:
            for _, done in batch:
                if not done.done():
                    done.set_result(None)

    async def _write_successes(self, app: AppRef, batch: Sequence[Sent]) -> None:
        delivered = Verdict("delivered")
        entries = [Entry(sent.claimed, sent.request, sent.outcome, delivered) for sent in batch]
        await attempt_store.finish(self._databases.of(app), entries)

    async def _write_news(self, app: AppRef, batch: Sequence[Sent]) -> None:
        entries = [Entry(sent.claimed, sent.request, sent.outcome, _judged(sent)) for sent in batch]
        if retries := [entry.verdict.next_retry_at for entry in entries if entry.verdict.next_retry_at]:
            await self._due.arm(app.id, min(retries))
        await self._relay.activate(app)
        async with self._databases.of(app).transaction() as transaction:
            ours = await attempt_store.finish(transaction, entries)
            changed = await self._tell(transaction, [entry for entry in entries if entry.claimed.id in ours])
        if changed.signals:
            self._relay.wake(app)
        if changed.hold_until:
            await self._due.arm(app.id, changed.hold_until)

    async def _tell(self, transaction: Connection, entries: Sequence[Entry]) -> HealthChanges:
        """What attempts say of their endpoints, and the signals about these and about deliveries given up."""
        changed = await update_health(
            transaction, [health_event for entry in entries if (health_event := _health_event_of(entry))], self._limits
        )
        signals = [*changed.signals, *(_failed(entry) for entry in entries if entry.verdict.status == "failed")]
        await self._outbox.emit(transaction, *signals)
        return replace(changed, signals=signals)


def _judged(sent: Sent) -> Verdict:
    claimed, outcome = sent.claimed, sent.outcome
    # What can't be sent, and what is gone, is not tried again.
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
    """What an attempt says of its endpoint; nothing, if nothing was sent."""
    claimed, request = entry.claimed, entry.request
    if request is None:
        return None
    is_action = claimed.hook in ACTIONS
    url = claimed.endpoint if is_action else request.url
    return HealthEvent(claimed.endpoint, url, claimed.trace_id, entry.outcome, can_disable=not is_action)


def _failed(entry: Entry) -> DeliveryFailed:
    claimed = entry.claimed
    return failed_signal(claimed.id, claimed, claimed.attempt + 1, entry.outcome.error or "")


def failed_signal(
    delivery_id: str, delivery: NewDelivery | ClaimedDelivery, attempt: int, error: str
) -> DeliveryFailed:
    """The signal about a delivery that is not tried again."""
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
