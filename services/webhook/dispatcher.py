"""Sends due deliveries. No endpoint delays another: each has a limit of its own, and apps take turns.

Ready deliveries are claimed for many endpoints at once, and each is sent in a task of its own. A claim outlasts the
request. If its replica dies meanwhile, the claim lapses and the delivery is sent again, with the same id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from libs.shared import clock
from libs.shared.concurrency.tasks import TaskSet
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Databases, on_commit
from libs.shared.schema.webhooks import WebhookDefinition
from libs.shared.snapshots.subscriptions import Subscriptions
from libs.shared.telemetry import tracing
from services.webhook import endpoint_store, store
from services.webhook.deliveries import ClaimedDelivery, match_span_id
from services.webhook.endpoint_limiter import EndpointConcurrencyLimiter, Key
from services.webhook.matching import WebhookIndex
from services.webhook.recording import Recorder, Sent
from services.webhook.requests import RequestBuilder, Unsendable, urls_of
from services.webhook.sending import AttemptOutcome, Sender, accepted
from services.webhook.settings import WebhookSettings

log = structlog.get_logger()

SAFETY_S = 10.0
"""Seconds until the timer finds a delivery whose wake-up was lost in a crash; longer than its transaction takes."""
MARGIN_S = 5.0
"""Seconds a claim outlasts the longest request, for recording the outcome."""
LOOK_INTERVAL = timedelta(seconds=1)
"""Pause before an app is checked again that has more deliveries than could be sent."""
RETRY_PAUSE_S = 0.5
"""Seconds until a claim is retried that failed because the database is down."""
MAX_ENDPOINTS = 256
"""Endpoints of one claim."""
MAX_TURN_DELIVERIES = 32
"""Deliveries that one app claims before other apps may claim."""


@dataclass(slots=True)
class _Turn:
    """An app with endpoints whose deliveries are to be claimed."""

    app: AppRef
    wanted: dict[str, None] = field(default_factory=dict)


class Dispatcher:
    """Sends the deliveries that one replica claims."""

    def __init__(
        self,
        settings: WebhookSettings,
        databases: Databases,
        webhooks: Subscriptions[WebhookDefinition],
        sender: Sender,
        recorder: Recorder,
    ) -> None:
        self._databases = databases
        self._webhooks = webhooks
        self._sender = sender
        self._recorder = recorder
        self._requests = RequestBuilder(settings)
        self._claim = timedelta(seconds=settings.webhook_timeout + MARGIN_S)
        self._drain = settings.drain_seconds
        self._places = asyncio.Semaphore(settings.webhook_concurrency)
        self._limiter = EndpointConcurrencyLimiter(settings.webhook_concurrency, settings.webhook_concurrency_per_hook)
        self._turns: dict[str, _Turn] = {}
        self._tasks = TaskSet("dispatcher")
        self._closing = False

    def wake(self, app: AppRef, endpoints: Iterable[str]) -> None:
        """Claim deliveries of endpoints now: some have just become due."""
        if on_commit(partial(self.wake, app, list(endpoints))):
            return
        wanted = dict.fromkeys(endpoints)
        if not wanted or self._closing:
            return
        turn = self._turns.get(app.id)
        if turn is None:
            turn = self._turns[app.id] = _Turn(app)
            self._tasks.start(self._take_turns(turn))
        turn.wanted |= wanted

    async def look(self, app: AppRef) -> datetime | None:
        """Start to send ready deliveries; returns when to check again (None: nothing is waiting)."""
        now = clock.now()
        waiting = await store.outstanding(self._databases.of(app))
        if disabled := [endpoint for endpoint, _, is_disabled in waiting if is_disabled]:
            await self._give_up(app, disabled)
            waiting = await store.outstanding(self._databases.of(app))
        ready = [endpoint for endpoint, at, _ in waiting if at <= now]
        self.wake(app, ready)
        moments = [at for _, at, _ in waiting if at > now][:1] + ([now + LOOK_INTERVAL] if ready else [])
        return min(moments, default=None)

    async def _give_up(self, app: AppRef, endpoints: Sequence[str]) -> None:
        """Fail the deliveries of disabled endpoints that were stored while these were being disabled, or later."""
        urls = urls_of(endpoints, await self._webhooks.load(app))
        await endpoint_store.give_up(self._databases.of(app), {e: url for e, url in urls.items() if url is not None})

    async def close(self) -> None:
        """Start no more deliveries; wait for running requests. A request that is cut off is sent again."""
        self._closing = True
        await self._tasks.close(self._drain)

    async def _take_turns(self, turn: _Turn) -> None:
        """Claim for the wanted endpoints until none is left, however often that fails."""
        try:
            while turn.wanted and not self._closing:
                try:
                    await self._take_turn(turn)
                except Exception as error:
                    log.warning("dispatcher.not_claimed", app_id=turn.app.id, error=str(error))
                    if isinstance(error, RocketError) and error.code == "APP_NOT_FOUND":
                        return
                    await asyncio.sleep(RETRY_PAUSE_S)
        finally:
            del self._turns[turn.app.id]

    async def _take_turn(self, turn: _Turn) -> None:
        """Claim once. Apps wait for places in turn; unneeded places are returned."""
        await self._places.acquire()
        places = 1
        while places < MAX_TURN_DELIVERIES and not self._places.locked():
            await self._places.acquire()
            places += 1
        taken = 0
        try:
            taken = await self._begin_some(turn, places)
        finally:
            for _ in range(places - taken):
                self._places.release()

    async def _begin_some(self, turn: _Turn, places: int) -> int:
        """Claim at most `places` deliveries and start to send them; returns their number."""
        app, index = turn.app, await self._webhooks.load(turn.app)
        endpoints = list(turn.wanted)[:MAX_ENDPOINTS]
        for endpoint in endpoints:
            del turn.wanted[endpoint]
        rooms = {e: room for e in endpoints if (room := self._limiter.room((app, e)))}
        if not rooms:
            return 0
        try:
            claimed = await self._claimed(app, index, rooms, places)
        except BaseException:
            turn.wanted |= dict.fromkeys(rooms)
            raise
        found: dict[str, list[ClaimedDelivery]] = {endpoint: [] for endpoint in rooms}
        for each in claimed:
            found[each.endpoint].append(each)
        for endpoint, own in found.items():
            proven = self._limiter.begin((app, endpoint), len(own), len(own) >= rooms[endpoint])
            for each in own:
                self._tasks.start(self._deliver(app, each, proven))
            if len(claimed) >= places and len(own) < rooms[endpoint]:
                turn.wanted[endpoint] = None  # it may have been cut short
            elif not own:
                self._look_at(self._limiter.next_in_line())
        return len(claimed)

    async def _claimed(
        self, app: AppRef, index: WebhookIndex, rooms: Mapping[str, int], places: int
    ) -> list[ClaimedDelivery]:
        urls, now = urls_of(list(rooms), index), clock.now()
        asked = [(endpoint, room, urls[endpoint]) for endpoint, room in rooms.items()]
        return await store.claim(self._databases.of(app), asked, now, now + self._claim, places)

    async def _deliver(self, app: AppRef, claimed: ClaimedDelivery, proven: bool) -> None:
        succeeded = False
        try:
            match = match_span_id(claimed.trace_id, claimed.commit_key)
            with tracing.remote(Context(claimed.trace_id, match, app=app, identity=SYSTEM)):
                succeeded = await self._send(app, claimed)
        except Exception as error:  # the claim lapses, the timer looks again
            log.warning("dispatcher.not_recorded", app_id=app.id, delivery_id=claimed.id, error=str(error))
        finally:
            self._places.release()
            following = self._limiter.end((app, claimed.endpoint), proven, succeeded)
            if claimed.ordered:
                following.append((app, claimed.endpoint))
            self._look_at(following)

    def _look_at(self, following: Iterable[Key]) -> None:
        for app, endpoint in following:
            self.wake(app, [endpoint])

    async def _send(self, app: AppRef, claimed: ClaimedDelivery) -> bool:
        """Send a delivery and record the outcome; returns whether it succeeded."""
        index, request = await self._webhooks.load(app), None
        with tracing.span("webhook", "dispatcher", "webhook.dispatch", entity=claimed.entity) as span:
            span.record_id = claimed.record_id
            try:
                request = self._requests.of(app, claimed, index, clock.now())
            except Unsendable as reason:
                outcome = AttemptOutcome(None, None, str(reason))
            else:
                outcome = accepted(await self._sender.send(request), claimed.awaited)
            span.status = "error" if outcome.error else "ok"
            span.metadata = {"delivery_id": claimed.id, "response_status": outcome.status}
        what = "webhook.fail" if outcome.error else "webhook.success"
        with tracing.span("webhook", "dispatcher", what, entity=claimed.entity) as span:
            span.record_id = claimed.record_id
            span.status = "error" if outcome.error else "ok"
            policy = self._requests.policy(claimed, index)
            await self._recorder.record(app, Sent(claimed, request, outcome, policy))
        return outcome.error is None
