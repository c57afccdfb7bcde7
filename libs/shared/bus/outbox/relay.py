"""The relay: what a service wrote into its log goes to a stream, in order, complete, none twice.

Positions come from a sequence and are taken inside the writing transaction, after its row locks, so
they can become visible out of order and numbers of rolled-back transactions never do. The relay
publishes in strict order of position. At a gap it waits only until the number's owner is provably
gone: whoever took the number holds a lock on the log table from before it took the number until after
its commit is visible, so the transactions that hold this lock once the gap has been seen are the only
ones that can still fill it. When they have ended and a new look shows the gap still, it is for ever.
Locks belong to one database: a long transaction in another app delays nothing (xid horizons, which
span the whole server, would).

None twice does not rest on time: a relay resumes behind the last message of its app in the stream,
and publishes with that message's sequence as a fence.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from libs.shared.bus.apps import Apps
from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.nats.jetstream import BATCH, JetStream, Outgoing, Overtaken
from libs.shared.bus.outbox.fenced_publisher import FencedPublisher
from libs.shared.bus.outbox.log_source import Log, batches
from libs.shared.bus.outbox.pace import Pace
from libs.shared.bus.outbox.watermark import Watermark
from libs.shared.bus.outbox.writers import close_taken
from libs.shared.bus.standstills import Standstills, reason_of
from libs.shared.bus.timers.leases import Leases
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.operations import RelayHint, relay_hint
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Database, Databases, on_commit

log = structlog.get_logger()

SWEEP = 1.0
"""Seconds until a first look at the log of an active app that nobody has hinted at: a hint may have been lost."""
SELDOM = 60.0
"""Seconds between further looks at most, as long as none finds anything; the first ones come after four times as long
as the one before. With more active apps than connections each look takes a new one, which is dearer than all else an
idle app costs. When hints are known to be lost (a replica has gone or come, NATS was away) nobody waits for it."""
QUIET = 120.0
"""Seconds without a write after which an app's relay rests."""
LOOK = 5.0
"""Seconds that an app is led for after a start, when nobody writes to it."""
RETRY = 0.5
SETTLED = 10.0
"""Seconds after which a busy relay tells its log what is settled; one that has caught up tells it at once."""
MARK = 60.0
"""Seconds between notes of the relay's position in Postgres; more than a server's sync interval."""
ELSEWHERE = 0.5
"""Seconds in which an app's own server must say how far its log is."""
GAP_POLL = (0.002, 0.05)
"""Shortest and longest wait, in seconds, between looks at the owners of a gap."""

RELAY = "relay"
TAKE_OVER = "relays of replicas that are gone"
"""What stands still when an app's log is not published, and when nobody looks for those without a leader."""

OFFER = "INSERT INTO bus.leases (name, holder, until) VALUES ($1, '', now()) ON CONFLICT DO NOTHING"


@dataclass(slots=True)
class _Active:
    app: AppRef
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    used: float = field(default_factory=time.monotonic)
    task: asyncio.Task[None] | None = None
    published: tuple[int, int] = (0, 0)
    marked: float = field(default_factory=time.monotonic)
    markable: int = 0
    pace: Pace = field(default_factory=Pace)
    told: int = 0
    told_at: float = field(default_factory=time.monotonic)
    drained: bool = False

    @property
    def is_behind(self) -> bool:
        """Whether there may be something that is not published."""
        return not self.drained or self.wake.is_set()


class Relay:
    """The relays of one log, one per app that is being written to, each led by one replica."""

    def __init__(self, source: Log, databases: Databases, stream: JetStream, leases: Leases, apps: Apps) -> None:
        self._log = source
        self._databases = databases
        self._stream = stream
        self._publisher = FencedPublisher(stream, source.stream.name)
        self._leases = leases
        self._apps = apps
        self._active: dict[str, _Active] = {}
        self._announced: set[str] = set()
        self._standstills = Standstills(source.service, databases)
        self._listeners: list[Callable[[str], None]] = []

    async def activate(self, app: AppRef) -> None:
        """Make sure some replica relays this app. Await it before writing: free once active.

        The lease is registered first, so that if we die right after the commit, another replica
        finds it lapsed and takes over.
        """
        active = self._active.get(app.id)
        if active is None:
            await self._leases.claim([self._lease(app.id)])
            active = self._active[app.id] = self._active.get(app.id) or _Active(app)
        active.used = time.monotonic()
        if active.task is None or active.task.done():
            active.task = asyncio.create_task(self._lead(active))

    def on_commit(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the app's id at each commit that this replica makes or is told of."""
        self._listeners.append(listener)

    def wake(self, app: AppRef) -> None:
        """Hint that something was committed; tells the other replicas when one of them leads."""
        if on_commit(partial(self.wake, app)):
            return
        for listener in self._listeners:
            listener(app.id)
        active = self._active.get(app.id)
        if active is None:
            return
        active.wake.set()
        if not self._leases.holds(self._lease(app.id)) and app.id not in self._announced:
            self._announced.add(app.id)
            asyncio.get_running_loop().call_later(0.005, self._tell, app.id)

    def _tell(self, app_id: str) -> None:
        # At most one hint per app and 5 ms, however many commits there are.
        self._announced.discard(app_id)
        hint = relay_hint(self._log.service)(app_id=app_id)
        task = asyncio.ensure_future(self._stream.connection.announce(hint))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def lag(self) -> int:
        """Positions taken but not published yet, over all apps that this replica leads."""
        # Most have published all they know of; asking every app's database would take longer than anybody waits.
        led = [a for a in self._active.values() if a.is_behind and self._leases.holds(self._lease(a.app.id))]
        return sum(await asyncio.gather(*(self._lag_of(active) for active in led)))

    async def _lag_of(self, active: _Active) -> int:
        if active.app.server:
            # Their server may be away while everybody else's is not: readiness tells that by itself.
            with contextlib.suppress(RocketError, TimeoutError):
                async with asyncio.timeout(ELSEWHERE):
                    return await self._taken(active)
            return 0
        return await self._taken(active)

    async def _taken(self, active: _Active) -> int:
        taken: int = await self._databases.of(active.app).fetchval(
            f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {self._log.sequence}"
        )
        return max(0, taken - active.published[0])

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Relay until the block ends; a last round publishes what was committed meanwhile."""
        sweeper = asyncio.create_task(self._sweep_all_once())
        keeper = asyncio.create_task(self._take_over_lapsed())
        self._hear_hints()
        try:
            yield
        finally:
            tasks = [sweeper, keeper, *(a.task for a in self._active.values() if a.task)]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(2):
                    await asyncio.gather(*(self._final_round(a) for a in self._active.values()))

    async def _final_round(self, active: _Active) -> None:
        if self._leases.holds(self._lease(active.app.id)):
            sequence, after = await self._resume(active)
            await self._drain(active, sequence, after)

    def _hear_hints(self) -> None:
        def heard(hint: RelayHint) -> None:
            for listener in self._listeners:
                listener(hint.app_id)
            if active := self._active.get(hint.app_id):
                active.wake.set()

        self._stream.connection.on_announcement(relay_hint(self._log.service), heard)
        self._stream.connection.on_reconnect(self._wake_all)

    def _wake_all(self) -> None:
        """Hints of ours and of others may have been lost."""
        for active in self._active.values():
            active.wake.set()
            if not self._leases.holds(self._lease(active.app.id)):
                self._tell(active.app.id)

    async def _sweep_all_once(self) -> None:
        """After a start: look at every app once, slowly, for what a crash may have left unpublished."""
        apps: list[AppRef] | None = None
        while apps is None:
            try:
                apps = await self._apps.all()
            except Exception:
                await asyncio.sleep(RETRY)
        for app in apps:
            try:
                await self._look_at(app)
            except Exception as error:
                log.warning("relay.not_swept", app_id=app.id, error=str(error))
                await self._standstills.note(app, RELAY, reason_of(error))
            await asyncio.sleep(0.02)

    async def _look_at(self, app: AppRef) -> None:
        # Whoever leads may not have been told of our last commits before we ended.
        self._tell(app.id)
        if app.id not in self._active:
            await self.activate(app)
            # Nobody has written: rest again soon, as hundreds of apps may be swept.
            self._active[app.id].used -= QUIET - LOOK

    async def _take_over_lapsed(self) -> None:
        """Adopt the apps whose leader has died, and look at our own for what others have left there."""
        prefix, replicas = self._lease(""), self._leases.replicas
        while True:
            await asyncio.sleep(SWEEP)
            if self._leases.replicas < replicas:
                # Who is gone may have committed and told nobody any more.
                self._wake_all()
            replicas = self._leases.replicas
            try:
                rows = await self._databases.platform.fetch(
                    "SELECT name FROM bus.leases WHERE starts_with(name, $1) AND until < now() LIMIT 100",
                    prefix,
                )
                for row in rows:
                    app = await self._apps.by_id(row["name"].removeprefix(prefix))
                    if app:
                        await self.activate(app)
                    elif row["name"] in await self._leases.claim([row["name"]]):
                        # The app is gone: so is the need to lead it.
                        await self._leases.release([row["name"]])
                await self._standstills.clear(None, TAKE_OVER)
            except Exception as error:
                log.warning("relay.no_take_over", error=str(error))
                await self._standstills.note(None, TAKE_OVER, reason_of(error))

    async def _lead(self, active: _Active) -> None:
        """Publish as long as the lease is ours and there is traffic."""
        lease = self._lease(active.app.id)
        while time.monotonic() - active.used < QUIET or active.wake.is_set():
            if active.wake.is_set():
                # Woken when it was about to rest: there is traffic again, or it would go round here without end.
                active.used = time.monotonic()
            try:
                if self._leases.holds(lease) or lease in await self._leases.claim([lease]):
                    await self._publish_while_leading(active, lease)
                else:
                    await asyncio.sleep(SWEEP)
            except Overtaken:
                # Another replica believes to lead as well; the lease will tell who does.
                log.info("relay.overtaken", app_id=active.app.id)
                await asyncio.sleep(RETRY)
            except Exception as error:
                log.warning("relay.waiting", app_id=active.app.id, error=str(error) or type(error).__name__)
                await self._standstills.note(active.app, RELAY, reason_of(error))
                await asyncio.sleep(RETRY)
                if await self._gone(active.app):
                    await self._standstills.clear(active.app, RELAY)
                    break
        self._active.pop(active.app.id, None)
        await self._mark_at_rest(active, lease)
        await self._leases.release([lease])

    async def _gone(self, app: AppRef) -> bool:
        try:
            self._apps.forget(app.id)
            return await self._apps.by_id(app.id) is None
        except Exception:
            return False

    async def _publish_while_leading(self, active: _Active, lease: str) -> None:
        await self._stream.ensure_stream(self._log.stream)
        sequence, after = await self._resume(active)
        active.published = after
        looked, patience = time.monotonic(), SWEEP
        while self._leases.holds(lease) and time.monotonic() - active.used < QUIET:
            active.wake.clear()
            active.drained = False
            begun = active.published[0]
            sequence, after = await self._drain(active, sequence, after)
            active.drained = True
            await self._standstills.clear(active.app, RELAY)
            now = time.monotonic()
            pause, looked = active.pace.pause(after[0] - begun, now - looked), now
            if pause:
                await asyncio.sleep(pause)
            if now - active.told_at > SETTLED:
                self._tell_settled(active, after[0])
            if after[0] > begun:
                patience = SWEEP
            try:
                await asyncio.wait_for(active.wake.wait(), patience)
                active.used = time.monotonic()
                # What was hinted at may be on its way still: some hint before they commit, too.
                patience = SWEEP
            except TimeoutError:
                patience = min(4 * patience, SELDOM)
                self._tell_settled(active, after[0])

    def _tell_settled(self, active: _Active, position: int) -> None:
        """Everything up to `position` has been read and published, its commit's last entry included."""
        active.told_at = time.monotonic()
        if position > active.told:
            active.told = position
            self._log.on_settled(active.app, position)

    async def _mark_at_rest(self, active: _Active, lease: str) -> None:
        """Note the very last position: should the stream forget it while nobody writes, it is not published anew."""
        try:
            if self._leases.holds(lease) and active.published[0]:
                await self._note(self._databases.of(active.app), active.published[0])
        except Exception as error:
            log.warning("relay.not_marked", app_id=active.app.id, error=str(error) or type(error).__name__)

    async def _resume(self, active: _Active) -> tuple[int, tuple[int, int]]:
        """Where to go on: behind the app's last message, or behind our mark if the stream has none any more."""
        sequence, after = await self._stream.last_position(self._log.stream.name, self._log.subject_filter(active.app))
        if not sequence:
            database = self._databases.of(active.app)
            after = (await database.fetchval(f"SELECT position FROM {self._log.service}.relayed"), 1 << 30)
        return sequence, after

    async def _drain(self, active: _Active, sequence: int, after: tuple[int, int]) -> tuple[int, tuple[int, int]]:
        """Publish everything that is settled; answers the new fence and position."""
        database = self._databases.of(active.app)
        subject_filter = self._log.subject_filter(active.app)
        while True:
            messages = await self._log.read(active.app, database, after, BATCH)
            ready = await self._settled(database, active.app, messages, after)
            if not ready:
                return sequence, after
            for batch in batches(ready):
                sequence = await self._publisher.publish(batch, sequence, subject_filter)
                after = active.published = batch[-1].position
            await self._mark(active, database)
            if len(ready) == len(messages) < BATCH:
                return sequence, after

    async def _mark(self, active: _Active, database: Database) -> None:
        """Note now and then in Postgres how far we are: the stream forgets old messages, the log does not.

        What is noted was published MARK seconds ago, so that a server which loses the last seconds of
        its stream with the power does not leave a hole.
        """
        if time.monotonic() - active.marked > MARK:
            active.marked = time.monotonic()
            settled, active.markable = active.markable, active.published[0] - 1
            await self._note(database, settled)

    async def _note(self, database: Database, position: int) -> None:
        await database.execute(f"UPDATE {self._log.service}.relayed SET position = $1 WHERE position < $1", position)

    async def _settled(
        self, database: Database, app: AppRef, messages: Sequence[Outgoing], after: tuple[int, int]
    ) -> Sequence[Outgoing]:
        """The messages below the watermark; waits where a gap that may still be filled is in front of all of them."""
        watermark = Watermark(after[0])
        settled = watermark.pass_visible(message.position[0] for message in messages)
        if messages and not settled:
            await close_taken(watermark, database, self._log.table, messages[-1].position[0], GAP_POLL)
            messages = await self._log.read(app, database, after, BATCH)
            settled = watermark.pass_visible(message.position[0] for message in messages)
        return messages[:settled]

    def _lease(self, app_id: str) -> str:
        return lease_name(self._log.service, app_id)


def lease_name(service: str, app_id: str) -> str:
    """The lease of whoever relays an app's log of a service."""
    return f"relay/{service}/{app_id}"


async def call_relay(databases: Databases, connection: Connection, service: str, app_id: str) -> None:
    """For those who write into another service's log: see to it that one of its replicas publishes.

    Call it before the commit, so that a crash right after that loses nothing, and once more afterwards.
    A lease that has lapsed already is what the relays adopt; a hint wakes the one that leads.
    """
    await databases.platform.execute(OFFER, lease_name(service, app_id))
    await connection.announce(relay_hint(service)(app_id=app_id))
