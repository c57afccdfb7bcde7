"""The events of one app in one shard of a consumer, handled in order.

Every app has a worker of its own, so an app whose database is down delays no other. A worker handles what has queued up
in one transaction. If a dependency is down, the event waits. If the event itself fails, it is retried, then becomes a
dead letter; later events of its record queue behind it. Acknowledgement is decided here and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Generic, TypeVar

import structlog

from libs.shared.bus.apps import Apps
from libs.shared.bus.consumers.backfill import Backfill
from libs.shared.bus.consumers.checkpoints import LogPositions, Position
from libs.shared.bus.consumers.consumer import Consumer
from libs.shared.bus.consumers.inbox import Inbox
from libs.shared.bus.consumers.incoming import Incoming
from libs.shared.bus.consumers.reactor import Reactor
from libs.shared.bus.retry import EVENTS, OUTAGES, is_outage
from libs.shared.bus.standstills import Standstills, dead_letters_of, reason_of
from libs.shared.contracts.context import AppRef
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Databases
from libs.shared.quotes import unquoted

log = structlog.get_logger()

S = TypeVar("S")

BATCH_EVENTS = 100
"""Most events handled in one transaction."""
MAX_QUEUED = 2_048
"""Most events that wait in a worker: more than a shard's unacknowledged ones, so that it drops only repetitions."""
PRUNE_EVERY_BATCHES = 5_000
MAX_REASON_CHARACTERS = 2_000


class AppWorker(Generic[S]):
    """Handles the events of one app in one shard."""

    def __init__(
        self, service: str, consumer: Consumer[S], reactor: Reactor[S], databases: Databases, apps: Apps
    ) -> None:
        self._consumer = consumer
        self._reactor = reactor
        self._databases = databases
        self._apps = apps
        self._inbox = Inbox(service, consumer.name)
        self._standstills = Standstills(service, databases)
        self._queue: asyncio.Queue[Incoming] = asyncio.Queue(MAX_QUEUED)
        self._task: asyncio.Task[None] | None = None
        self._batches = 0
        self._missed: tuple[str, LogPositions, Backfill] | None = None
        self.reached: dict[str, Position] = {}
        """The last event of each log that was handled here; all earlier ones of this app and shard are handled too."""

    @property
    def is_backfilling(self) -> bool:
        """Whether events that the stream has dropped are still to be handled."""
        return self._missed is not None

    def backfill(self, app_id: str, after: LogPositions, backfill: Backfill) -> None:
        """Handle the events of an app that the stream has dropped, after the last handled one and before all others."""
        self._missed = (app_id, after, backfill)
        self._begin()

    def put(self, incoming: Incoming) -> None:
        """Queue an event. One that does not fit is delivered again, as it is not acknowledged."""
        if self._queue.full():
            return
        self._queue.put_nowait(incoming)
        self._begin()

    def cancel(self) -> None:
        """Stop after the running statement. Unacknowledged events are delivered again."""
        if self._task:
            self._task.cancel()

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        if self._missed is not None:
            await self._backfill(*self._missed)
            self._missed = None
        while not self._queue.empty():
            if self._consumer.linger and self._queue.qsize() < BATCH_EVENTS:
                await asyncio.sleep(self._consumer.linger)
            batch = [self._queue.get_nowait() for _ in range(min(BATCH_EVENTS, self._queue.qsize()))]
            app = await self._app(batch[0].app_id)
            if app is None:
                # The app is deleted, and with it everything that its events could concern.
                _acknowledge(batch)
            else:
                await self._handle(app, batch)

    async def _backfill(self, app_id: str, after: LogPositions, backfill: Backfill) -> None:
        """Handle events from the logs. It is tried without end, as later events of the app must wait."""
        attempt, app = 1, None
        while True:
            try:
                app = await self._apps.by_id(app_id)
                if app is not None:
                    async for batch in backfill.batches(app, {**after, **self.reached}):
                        for start in range(0, len(batch), BATCH_EVENTS):
                            await self._handle(app, batch[start : start + BATCH_EVENTS])
                    log.info("consumer.backfilled", consumer=self._consumer.name, app_id=app_id, after=dict(after))
                    await self._standstills.clear(app, self._consumer.name)
                return
            except Exception as error:
                if _is_app_gone(error):
                    return
                log.warning("consumer.not_backfilled", consumer=self._consumer.name, app_id=app_id, error=str(error))
                await self._standstills.note(app, self._consumer.name, reason_of(error))
                await asyncio.sleep(OUTAGES.delay(attempt) or 1)
                attempt += 1

    async def _app(self, app_id: str) -> AppRef | None:
        attempt = 1
        while True:
            try:
                return await self._apps.by_id(app_id)
            except Exception as error:
                log.warning("consumer.waiting", consumer=self._consumer.name, error=str(error))
                await asyncio.sleep(OUTAGES.delay(attempt) or 1)
                attempt += 1

    async def _handle(self, app: AppRef, batch: Sequence[Incoming]) -> None:
        """All events in one transaction, or, if that fails, one by one."""
        try:
            await self._reactor.react(app, batch)
        except Exception as error:
            if is_outage(error) or len(batch) > 1:
                log.debug("consumer.one_by_one", consumer=self._consumer.name, error=str(error))
            for incoming in batch:
                await self._handle_alone(app, incoming)
        else:
            _acknowledge(batch)
            await self._prune(app)
        for source, last in {incoming.source: incoming for incoming in batch}.items():
            if position := last.position:
                self.reached[source] = position

    async def _handle_alone(self, app: AppRef, incoming: Incoming) -> None:
        """One event on its own, until it is handled, a dead letter, or its app is deleted."""
        failures, outages = 0, 0
        while True:
            try:
                await self._reactor.react(app, [incoming])
                break
            except Exception as error:
                if _is_app_gone(error):
                    break
                if is_outage(error):
                    outages += 1
                    delay = OUTAGES.delay(outages)
                else:
                    failures += 1
                    delay = EVENTS.delay(failures)
                name, key = self._consumer.name, incoming.key
                log.warning("consumer.failed", consumer=name, key=key, error=str(error), retry=delay)
                await self._standstills.note(app, name, reason_of(error))
                if delay is None:
                    if await self._dead_letter(app, incoming, error, failures):
                        break
                    delay = EVENTS.longest
                await asyncio.sleep(delay)
        await self._standstills.clear(app, self._consumer.name)
        _acknowledge([incoming])

    async def _dead_letter(self, app: AppRef, incoming: Incoming, error: Exception, attempts: int) -> bool:
        """Make an event a dead letter; False if that fails."""
        reason = unquoted(f"{type(error).__name__}: {error}")[:MAX_REASON_CHARACTERS]
        try:
            await self._reactor.keep(app, incoming, reason, attempts)
        except Exception as problem:
            log.warning("consumer.not_parked", key=incoming.key, error=str(problem))
            return False
        log.error("consumer.parked", consumer=self._consumer.name, key=incoming.key, error=reason)
        what = dead_letters_of(self._consumer.name)
        await self._standstills.note(app, what, f"{incoming.key}: {reason}", lasting=True)
        return True

    async def _prune(self, app: AppRef) -> None:
        """Prune the inbox now and then."""
        self._batches += 1
        if self._batches % PRUNE_EVERY_BATCHES == 0:
            try:
                await self._inbox.prune(self._databases.of(app))
            except Exception as error:
                log.warning("consumer.not_pruned", consumer=self._consumer.name, error=str(error))


def _is_app_gone(error: Exception) -> bool:
    return isinstance(error, RocketError) and error.code == "APP_NOT_FOUND"


def _acknowledge(batch: Sequence[Incoming]) -> None:
    for incoming in batch:
        try:
            incoming.acknowledge()
        except Exception as error:
            # It is delivered again, and found in the inbox.
            log.debug("consumer.ack_lost", key=incoming.key, error=str(error))
