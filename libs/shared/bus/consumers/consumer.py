"""Durable consumers: every event handled once, in order per record, in parallel across records.

A consumer has a few durables, each with a share of its stream's partitions, worked by the replica that
leases it. Within a share every app has a lane of its own, so an app whose database is away delays
no other. A lane handles what has queued up in one transaction: the events' keys go into `seen`
together with their effects, so a redelivered event is recognised and nothing is done twice.

What fails for a dependency's sake waits; what fails for its own sake is tried a few times alone, then
parked with its record's later events behind it. Acknowledgement is decided here and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog

from libs.shared import exact
from libs.shared.bus.apps import Apps
from libs.shared.bus.consumers import dead_letters
from libs.shared.bus.consumers.backfill import Backfill
from libs.shared.bus.consumers.checkpoints import INBOX_DAYS, LogPositions, Position
from libs.shared.bus.consumers.incoming import Incoming, Loads
from libs.shared.bus.retry import EVENTS, OUTAGES, is_outage
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.bus.standstills import Standstills, dead_letters_of, reason_of
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.records import FetchCommit
from libs.shared.contracts.streams import StreamSpec
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Connection, Databases
from libs.shared.quotes import unquoted
from libs.shared.telemetry import tracing

log = structlog.get_logger()

S = TypeVar("S")

BATCH_EVENTS = 100
"""Events handled in one transaction at most."""

PRUNE_EVERY_BATCHES = 5_000
"""Batches of a lane between two looks at what may be forgotten."""
PRUNE = f"""
DELETE FROM {{schema}}.seen WHERE consumer = $1 AND at < now() - interval '{INBOX_DAYS} days'
"""
MAX_QUEUED = 2_048
"""Events that wait in a lane; more than a share's unacknowledged ones, so that only repetitions are turned away."""
FETCH_TIMEOUT_S = 10.0
"""Seconds to fetch an event that was published as a reference."""

UNSEEN = """
INSERT INTO {schema}.seen (consumer, key) SELECT $1, key FROM unnest($2::text[]) AS key
ON CONFLICT DO NOTHING RETURNING key
"""


Interest = Callable[[str, str], bool]
"""Whether anything waits for commits of an entity (its name) with an action."""


@dataclass(frozen=True, slots=True)
class Consumer(Generic[S]):
    """What a service does with a stream.

    `handle(state, app, transaction, event)` decides and writes within the transaction; it calls
    nobody outside. `before(state, app, events)` runs ahead of the transaction (arming timers,
    loading definitions), `after(state, app, events)` behind it (waking workers). With `together`,
    `handle` gets the list of all events of a transaction. A lane waits `linger` seconds for more
    events before it begins, which is for consumers nobody waits for.

    Most events concern few consumers. `interest(state, app, schema_version)` answers what says of an
    entity and an action whether anything waits for them, by the definitions of that version, which is the commit's;
    those it says no to are not even decoded, unless they have effects and the consumer carries out
    `effects`. Most of them do not even arrive, as they are published as quiet ones. Events that `concerns(state,
    app, event)` says no to have no effect and cost no transaction. `loads` reads the events' JSON.
    """

    name: str
    stream: StreamSpec
    handle: Callable[[S, AppRef, Connection, Any], Awaitable[None]]
    before: Callable[[S, AppRef, Sequence[Any]], Awaitable[None]] | None = None
    interest: Callable[[S, AppRef, int], Awaitable[Interest]] | None = None
    concerns: Callable[[S, AppRef, Any], bool] | None = None
    after: Callable[[S, AppRef, Sequence[Any]], None] | None = None
    commutative: bool = False
    together: bool = False
    linger: float = 0.0
    effects: bool = False
    loads: Loads = exact.loads


class AppWorker(Generic[S]):
    """The events of one app in one share, in order."""

    def __init__(
        self, service: str, consumer: Consumer[S], state: S, databases: Databases, apps: Apps, rpc: RpcClient
    ) -> None:
        self._rpc = rpc
        self._service = service
        self._consumer = consumer
        self._state = state
        self._databases = databases
        self._apps = apps
        self._queue: asyncio.Queue[Incoming] = asyncio.Queue(MAX_QUEUED)
        self._task: asyncio.Task[None] | None = None
        self._standstills = Standstills(service, databases)
        self._unseen = UNSEEN.format(schema=service)
        self._batches = 0
        self._missed: tuple[str, LogPositions, Backfill] | None = None
        self.reached: dict[str, Position] = {}
        """The last event of each log that was handled here, and so all before it of this app in this share."""

    @property
    def is_backfilling(self) -> bool:
        """Whether events that the stream has forgotten are still to be handled."""
        return self._missed is not None

    def backfill(self, app_id: str, after: LogPositions, backfill: Backfill) -> None:
        """Handle what the stream has forgotten of an app, behind what was handled, before anything else."""
        self._missed = (app_id, after, backfill)
        self._begin()

    def put(self, incoming: Incoming) -> None:
        """Queue an event; what does not fit comes again, as it is not acknowledged."""
        if self._queue.full():
            return
        self._queue.put_nowait(incoming)
        self._begin()

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def cancel(self) -> None:
        """Stop after the statement under way; what was not acknowledged will come again."""
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        if self._missed is not None:
            await self._backfill(*self._missed)
            self._missed = None
        while not self._queue.empty():
            if self._consumer.linger and self._queue.qsize() < BATCH_EVENTS:
                await asyncio.sleep(self._consumer.linger)
            batch = [self._queue.get_nowait() for _ in range(min(BATCH_EVENTS, self._queue.qsize()))]
            await self._handle_batch(batch)

    async def _backfill(self, app_id: str, after: LogPositions, backfill: Backfill) -> None:
        """From the logs, without end until it is there: later events of the app must wait."""
        attempt, app = 1, None
        while True:
            try:
                app = await self._apps.by_id(app_id)
                if app is not None:
                    async for batch in backfill.batches(app, {**after, **self.reached}):
                        for start in range(0, len(batch), BATCH_EVENTS):
                            await self._handle(app, batch[start : start + BATCH_EVENTS])
                    log.info("consumer.fed", consumer=self._consumer.name, app_id=app_id, after=dict(after))
                    await self._standstills.clear(app, self._consumer.name)
                return
            except Exception as error:
                if isinstance(error, RocketError) and error.code == "APP_NOT_FOUND":
                    return
                log.warning("consumer.not_fed", consumer=self._consumer.name, app_id=app_id, error=str(error))
                await self._standstills.note(app, self._consumer.name, reason_of(error))
                await asyncio.sleep(OUTAGES.delay(attempt) or 1)
                attempt += 1

    async def _handle_batch(self, batch: list[Incoming]) -> None:
        app = await self._app(batch[0].app_id)
        if app is None:
            # The app is gone, and with it everything its events could concern.
            _acknowledge(batch)
            return
        await self._handle(app, batch)

    async def _handle(self, app: AppRef, batch: list[Incoming]) -> None:
        try:
            await self._effect(app, batch)
        except Exception as error:
            if is_outage(error) or len(batch) > 1:
                log.debug("consumer.one_by_one", consumer=self._consumer.name, error=str(error))
            for incoming in batch:
                await self._handle_alone(app, incoming)
        else:
            _acknowledge(batch)
            await self._prune(app)
        for source, last in {incoming.source: incoming for incoming in batch}.items():
            if place := last.position:
                self.reached[source] = place

    async def _prune(self, app: AppRef) -> None:
        """Forget keys older than any stream keeps its events: those can't be delivered again."""
        self._batches += 1
        if self._batches % PRUNE_EVERY_BATCHES == 0:
            try:
                await self._databases.of(app).execute(PRUNE.format(schema=self._service), self._consumer.name)
            except Exception as error:
                log.warning("consumer.not_pruned", consumer=self._consumer.name, error=str(error))

    async def _app(self, app_id: str) -> AppRef | None:
        attempt = 1
        while True:
            try:
                return await self._apps.by_id(app_id)
            except Exception as error:
                log.warning("consumer.waiting", consumer=self._consumer.name, error=str(error))
                await asyncio.sleep(OUTAGES.delay(attempt) or 1)
                attempt += 1

    async def _handle_alone(self, app: AppRef, incoming: Incoming) -> None:
        """One event on its own, until it is done, parked, or its app is gone."""
        failures, outages = 0, 0
        while True:
            try:
                await self._effect(app, [incoming])
                break
            except Exception as error:
                if isinstance(error, RocketError) and error.code == "APP_NOT_FOUND":
                    break
                if is_outage(error):
                    outages += 1
                    delay = OUTAGES.delay(outages)
                else:
                    failures += 1
                    delay = EVENTS.delay(failures)
                log.warning(
                    "consumer.failed",
                    consumer=self._consumer.name,
                    key=incoming.key,
                    error=str(error),
                    retry=delay,
                )
                await self._standstills.note(app, self._consumer.name, reason_of(error))
                if delay is None:
                    if await self._dead_letter(app, incoming, error, failures):
                        break
                    delay = EVENTS.longest
                await asyncio.sleep(delay)
        await self._standstills.clear(app, self._consumer.name)
        _acknowledge([incoming])

    async def _effect(self, app: AppRef, batch: Sequence[Incoming]) -> None:
        """Seen and effect in one transaction."""
        consumer = self._consumer
        batch = await self._of_interest(app, batch)
        if not batch:
            return
        for incoming in batch:
            await self._load(app, incoming)
        events = [incoming.event for incoming in batch]
        if consumer.before:
            await consumer.before(self._state, app, events)
        if concerns := consumer.concerns:
            batch = [incoming for incoming in batch if concerns(self._state, app, incoming.event)]
        if batch:
            await self._effect_in_transaction(app, batch)
        if consumer.after:
            consumer.after(self._state, app, events)

    async def _of_interest(self, app: AppRef, batch: Sequence[Incoming]) -> Sequence[Incoming]:
        """Without the commits whose envelope says that nothing waits for them."""
        if self._consumer.interest is None:
            return batch
        noticed = [(incoming, incoming.notice) for incoming in batch]
        # The newest first, as the older ones are told beside it.
        versions = sorted({notice.schema_version for _, notice in noticed if notice}, reverse=True)
        interesting = {version: await self._consumer.interest(self._state, app, version) for version in versions}
        return [
            incoming
            for incoming, notice in noticed
            if notice is None
            or (self._consumer.effects and notice.has_effects)
            or interesting[notice.schema_version](notice.entity, notice.action)
        ]

    async def _effect_in_transaction(self, app: AppRef, batch: Sequence[Incoming]) -> None:
        consumer = self._consumer
        async with self._databases.of(app).transaction() as transaction:
            rows = await transaction.fetch(self._unseen, consumer.name, [i.key for i in batch])
            fresh = {row["key"] for row in rows}
            blocked = await self._blocked(transaction, batch)
            unseen = _first_of_each(batch, fresh)
            free = [incoming for incoming in unseen if incoming.record_key not in blocked]
            for incoming in unseen:
                if incoming.record_key in blocked:
                    await dead_letters.add(transaction, self._service, consumer.name, incoming, "waits behind", 0)
            if consumer.together:
                if free:
                    await consumer.handle(self._state, app, transaction, [incoming.event for incoming in free])
                return
            for incoming in free:
                with tracing.remote(incoming.context(app)):
                    await consumer.handle(self._state, app, transaction, incoming.event)

    async def _load(self, app: AppRef, incoming: Incoming) -> None:
        """Decode an event; one too large for the stream is fetched from the log."""
        loads = self._consumer.loads
        incoming.decode(loads)
        if incoming.is_reference:
            position, n = incoming.event.position, incoming.event.n
            context = incoming.context(app).within(FETCH_TIMEOUT_S)
            whole = await self._rpc.request(FetchCommit(position=position, n=n), context)
            incoming.replace(whole.body, loads)

    async def _blocked(self, transaction: Connection, batch: Sequence[Incoming]) -> set[str]:
        """Records with a parked event: their later ones must wait behind it."""
        if self._consumer.commutative:
            return set()
        keys = [incoming.record_key for incoming in batch]
        return await dead_letters.blocked_records(transaction, self._service, self._consumer.name, keys)

    async def _dead_letter(self, app: AppRef, incoming: Incoming, error: Exception, attempts: int) -> bool:
        try:
            async with self._databases.of(app).transaction() as transaction:
                await transaction.fetch(self._unseen, self._consumer.name, [incoming.key])
                await dead_letters.add(
                    transaction, self._service, self._consumer.name, incoming, _reason(error), attempts
                )
        except Exception as problem:
            log.warning("consumer.not_parked", key=incoming.key, error=str(problem))
            return False
        log.error("consumer.parked", consumer=self._consumer.name, key=incoming.key, error=_reason(error))
        reason = f"{incoming.key}: {_reason(error)}"
        await self._standstills.note(app, dead_letters_of(self._consumer.name), reason, lasting=True)
        return True


def _first_of_each(batch: Sequence[Incoming], fresh: set[str]) -> list[Incoming]:
    """The events with fresh keys, each once: what was redelivered while it waited stands in the batch twice."""
    unseen: dict[str, Incoming] = {}
    for incoming in batch:
        if incoming.key in fresh:
            unseen.setdefault(incoming.key, incoming)
    return list(unseen.values())


def _acknowledge(batch: Sequence[Incoming]) -> None:
    for incoming in batch:
        try:
            incoming.acknowledge()
        except Exception as error:
            # It will come again and be recognised as seen.
            log.debug("consumer.ack_lost", key=incoming.key, error=str(error))


def _reason(error: Exception) -> str:
    return unquoted(f"{type(error).__name__}: {error}")[:2000]
