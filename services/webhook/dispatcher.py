"""Sends what is due. Each webhook has a few lanes of its own, so a slow endpoint delays nobody else.

A lane claims a delivery, sends it and records the outcome, one after another until nothing is ready.
The claim outlasts the request; if we die in between, it lapses and the delivery is sent again, with
the same idempotency key.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from libs.shared import clock
from libs.shared.bus.due import Due
from libs.shared.bus.outbox import Outbox
from libs.shared.bus.relay import Relay
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.postgres.databases import Databases, deferred
from libs.shared.telemetry import tracing
from services.webhook import store
from services.webhook.matching import NewDelivery
from services.webhook.retry_policy import Verdict, judge
from services.webhook.sending import Outcome, Sender
from services.webhook.settings import WebhookSettings

log = structlog.get_logger()

SAFETY = 10.0
"""Seconds until the timer finds work whose nudge was lost in a crash; longer than its transaction takes."""
MARGIN = 5.0
"""Seconds a claim outlasts the longest request, for recording the outcome."""
AGAIN = timedelta(seconds=1)
"""When to look again at an app with more to send than there were lanes for."""


class Dispatcher:
    """The lanes of one replica."""

    def __init__(
        self,
        settings: WebhookSettings,
        databases: Databases,
        sender: Sender,
        due: Due,
        outbox: Outbox,
        relay: Relay,
    ) -> None:
        self._settings = settings
        self._databases = databases
        self._sender = sender
        self._due = due
        self._outbox = outbox
        self._relay = relay
        self._claim = timedelta(seconds=settings.webhook_timeout + MARGIN)
        self._places = asyncio.Semaphore(settings.webhook_concurrency)
        self._lanes: Counter[str] = Counter()
        self._looks: Counter[str] = Counter()
        self._nudged: dict[str, bool] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    def nudge(self, app: AppRef) -> None:
        """Look at the app at once. Nudges during a look become one more look."""
        if deferred(partial(self.nudge, app)):
            return
        if app.id in self._nudged:
            self._nudged[app.id] = True
        else:
            self._nudged[app.id] = False
            self._spawn(self._look_now(app))

    async def look(self, app: AppRef) -> datetime | None:
        """Open lanes for what is ready; answers when to look again (None: nothing is waiting)."""
        database, now = self._databases.of(app), clock.now()
        ready = await store.ready(database, now)
        for webhook_id, deliveries in ready:
            self._looks[webhook_id] += 1
            room = self._settings.webhook_concurrency_per_hook - self._lanes[webhook_id]
            for _ in range(min(deliveries, room)):
                self._lanes[webhook_id] += 1
                self._spawn(self._lane(app, webhook_id))
        return now + AGAIN if ready else await store.next_ready(database)

    async def close(self) -> None:
        """Begin no more; give the requests under way time to end. What is cut off will be sent again."""
        self._closing = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._settings.drain_seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_now(self, app: AppRef) -> None:
        again = True
        while again:
            self._nudged[app.id] = False
            try:
                await self.look(app)
            except Exception as error:  # the timer will look again
                log.warning("dispatcher.not_looked", app_id=app.id, error=str(error))
            again = self._nudged[app.id]
        del self._nudged[app.id]

    async def _lane(self, app: AppRef, webhook_id: str) -> None:
        """Deliver until nothing is ready."""
        try:
            busy = True
            while busy:
                async with self._places:
                    looks = self._looks[webhook_id]
                    sent = not self._closing and await self._deliver_next(app, webhook_id)
                # A look during an empty claim has counted on this lane: it may have seen something newer.
                busy = sent or self._looks[webhook_id] != looks
        except Exception as error:  # the claim lapses, the timer looks again
            log.warning("dispatcher.lane_ended", app_id=app.id, webhook_id=webhook_id, error=str(error))
        finally:
            self._lanes[webhook_id] -= 1
            if not self._lanes[webhook_id]:
                del self._lanes[webhook_id], self._looks[webhook_id]

    async def _deliver_next(self, app: AppRef, webhook_id: str) -> bool:
        now = clock.now()
        claimed = await store.claim(self._databases.of(app), webhook_id, now, now + self._claim)
        if claimed is None:
            return False
        with tracing.remote(Context(trace_id=claimed.trace_id, app=app, identity=SYSTEM)):
            with tracing.span("webhook", "dispatcher", "webhook.dispatch", entity=claimed.entity) as span:
                span.record_id = claimed.record_id
                outcome = await self._sender.send(claimed)
                span.status = "error" if outcome.error else "ok"
                span.metadata = {"delivery_id": claimed.id, "response_status": outcome.status}
            what = "webhook.fail" if outcome.error else "webhook.success"
            with tracing.span("webhook", "dispatcher", what, entity=claimed.entity) as span:
                span.record_id = claimed.record_id
                await self._record(app, claimed, outcome)
        return True

    async def _record(self, app: AppRef, claimed: store.Claimed, outcome: Outcome) -> None:
        verdict = judge(
            outcome.error is None,
            claimed.attempt + 1,
            claimed.max_attempts,
            claimed.backoff,
            self._settings.webhook_retry_seconds,
            clock.now(),
        )
        if verdict.next_retry_at:
            await self._due.arm(app.id, verdict.next_retry_at)
        if verdict.status == "failed":
            await self._relay.activate(app)
        await self._write(app, claimed, outcome, verdict)
        if verdict.status == "failed":
            self._relay.wake(app)

    async def _write(self, app: AppRef, claimed: store.Claimed, outcome: Outcome, verdict: Verdict) -> None:
        async with self._databases.of(app).transaction() as transaction:
            held = await store.finish(transaction, claimed, verdict, outcome.status, outcome.body, outcome.error)
            if held and verdict.status == "failed":
                signal = failed_signal(claimed.id, claimed, claimed.attempt + 1, outcome.error or "")
                await self._outbox.emit(transaction, "delivery_failed", claimed.webhook_id, claimed.trace_id, signal)


def failed_signal(delivery_id: str, delivery: NewDelivery | store.Claimed, attempt: int, error: str) -> dict[str, Any]:
    """The data of `delivery_failed`: a delivery that will not be tried again by itself."""
    return {
        "delivery_id": delivery_id,
        "webhook_id": delivery.webhook_id,
        "entity": delivery.entity,
        "record_id": delivery.record_id,
        "hook": delivery.hook,
        "url": delivery.url,
        "attempt": attempt,
        "error": error,
    }
