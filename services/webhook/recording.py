"""What came of deliveries is written down: status, attempt, the endpoint's health, and who is told of it.

Most succeed at an endpoint that is well; those that end at the same time share one statement. Everything
else is a transaction of its own: the delivery, the endpoint's health, and the signals about both.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from libs.shared import clock
from libs.shared.bus.due import Due
from libs.shared.bus.outbox import Outbox
from libs.shared.bus.relay import Relay
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Connection, Databases
from libs.shared.telemetry import tracing
from services.webhook import attempt_store, endpoint_store
from services.webhook.deliveries import ACTIONS, Claimed, NewDelivery, public_url
from services.webhook.health import DISABLED, OPEN, WELL, Health, Limits, after, what_happened
from services.webhook.retry_policy import Policy, Verdict, judge
from services.webhook.sending import Outcome, Request
from services.webhook.settings import WebhookSettings

log = structlog.get_logger()

TOGETHER = 64
"""Outcomes of one statement."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An attempt that was made: of which delivery, what was sent (None: nothing could be), and what came of it."""

    claimed: Claimed
    request: Request | None
    outcome: Outcome
    policy: Policy


@dataclass(slots=True)
class _Gathering:
    """Successes of one app that wait for their statement."""

    waiting: list[tuple[Sent, asyncio.Future[None]]] = field(default_factory=list)


class Recorder:
    """The outcomes of one replica."""

    def __init__(self, settings: WebhookSettings, databases: Databases, due: Due, outbox: Outbox, relay: Relay) -> None:
        self._databases = databases
        self._due = due
        self._outbox = outbox
        self._relay = relay
        self._gatherings: dict[str, _Gathering] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        days = settings.webhook_disable_days
        self._limits = Limits(
            settings.webhook_circuit_failures,
            settings.webhook_circuit_seconds,
            timedelta(days=days) if days else None,
        )

    async def record(self, app: AppRef, sent: Sent) -> None:
        """Write an attempt down. Raises what the database raises; then the claim lapses."""
        if sent.outcome.error is None and not sent.claimed.ailing:
            await self._together(app, sent)
        else:
            await self._alone(app, sent)

    async def note(self, app: AppRef, endpoint: str, url: str, trace_id: str, outcome: Outcome, before: Health) -> None:
        """Write down what an answer that belongs to no delivery says of an endpoint."""
        if outcome.error is None and before == WELL:
            return
        await self._relay.activate(app)
        async with self._databases.of(app).transaction() as transaction:
            await self._change_health(transaction, endpoint, url, trace_id, outcome, can_disable=True)
        self._relay.wake(app)

    async def _together(self, app: AppRef, sent: Sent) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        gathering = self._gatherings.get(app.id)
        if gathering is None:
            gathering = self._gatherings[app.id] = _Gathering()
            task = asyncio.create_task(self._flush(app, gathering))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        gathering.waiting.append((sent, done))
        await done

    async def _flush(self, app: AppRef, gathering: _Gathering) -> None:
        try:
            while gathering.waiting:
                batch, gathering.waiting = gathering.waiting[:TOGETHER], gathering.waiting[TOGETHER:]
                await self._write_batch(app, batch)
        finally:
            del self._gatherings[app.id]
            for _, done in gathering.waiting:
                done.cancel()

    async def _write_batch(self, app: AppRef, batch: Sequence[tuple[Sent, asyncio.Future[None]]]) -> None:
        entries = [
            attempt_store.Entry(sent.claimed, sent.request, sent.outcome, Verdict("delivered")) for sent, _ in batch
        ]
        try:
            await attempt_store.finish(self._databases.of(app), entries)
        except Exception as error:
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
        else:
            for _, done in batch:
                if not done.done():
                    done.set_result(None)

    async def _alone(self, app: AppRef, sent: Sent) -> None:
        verdict = self._judged(sent)
        if verdict.next_retry_at:
            await self._due.arm(app.id, verdict.next_retry_at)
        await self._relay.activate(app)
        async with self._databases.of(app).transaction() as transaction:
            health = await self._write_alone(transaction, sent, verdict)
        self._relay.wake(app)
        if health.hold_until is not None:
            await self._due.arm(app.id, health.hold_until)

    async def _write_alone(self, transaction: Connection, sent: Sent, verdict: Verdict) -> Health:
        """The delivery, its endpoint's health (which is answered) and the signals, in one transaction."""
        claimed, outcome, health = sent.claimed, sent.outcome, WELL
        entry = attempt_store.Entry(claimed, sent.request, outcome, verdict)
        if not await attempt_store.finish(transaction, [entry]):
            return health
        if sent.request is not None:
            is_action = claimed.hook in ACTIONS
            url = claimed.endpoint if is_action else sent.request.url
            health = await self._change_health(
                transaction, claimed.endpoint, url, claimed.trace_id, outcome, can_disable=not is_action
            )
        if verdict.status == "failed":
            signal = failed_signal(claimed.id, claimed, claimed.attempt + 1, outcome.error or "")
            await self._outbox.emit(transaction, "delivery_failed", claimed.webhook_id, claimed.trace_id, signal)
        return health

    def _judged(self, sent: Sent) -> Verdict:
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

    async def _change_health(
        self,
        transaction: Connection,
        endpoint: str,
        url: str,
        trace_id: str,
        outcome: Outcome,
        can_disable: bool,
    ) -> Health:
        """What an attempt makes of an endpoint's health, with the signal that tells of it."""
        now = clock.now()
        before = await endpoint_store.lock_health(transaction, endpoint, url)
        health = after(before, outcome, now, self._limits, can_disable)
        if health == before:
            return health
        await endpoint_store.save_health(transaction, endpoint, url, health)
        if health.circuit == DISABLED:
            await endpoint_store.abandon(transaction, endpoint, f"the endpoint is disabled: {health.last_error}")
        if what := what_happened(before, health):
            if health.circuit == OPEN:
                with tracing.span("webhook", "dispatcher", "webhook.circuit_open") as span:
                    span.metadata = {"endpoint": endpoint, "failures": health.failures}
            log.warning(f"webhook.{what}", endpoint=endpoint, error=health.last_error)
            await self._outbox.emit(transaction, what, endpoint, trace_id, circuit_signal(endpoint, url, health))
        return health


def failed_signal(delivery_id: str, delivery: NewDelivery | Claimed, attempt: int, error: str) -> dict[str, Any]:
    """The data of `delivery_failed`: a delivery that will not be tried again by itself."""
    return {
        "delivery_id": delivery_id,
        "webhook_id": delivery.webhook_id,
        "entity": delivery.entity,
        "record_id": delivery.record_id,
        "hook": delivery.hook,
        "url": public_url(delivery.url),
        "attempt": attempt,
        "error": error,
    }


def circuit_signal(endpoint: str, url: str, health: Health) -> dict[str, Any]:
    """The data of `circuit_opened`, `circuit_closed`, `endpoint_disabled` and `endpoint_enabled`."""
    return {
        "endpoint": endpoint,
        "url": public_url(url),
        "circuit": health.circuit,
        "failures": health.failures,
        "failing_since": clock.iso(health.failing_since) if health.failing_since else None,
        "error": health.last_error,
    }
