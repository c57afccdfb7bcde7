"""The relays of a log: which replica publishes the log of which app, and how it learns of commits.

A replica leads an app while it holds a lease. A commit wakes the leader: in the same process at once, elsewhere by a
hint over NATS. Hints may be lost, so active apps are looked at now and then, and the apps of a replica that has gone
are taken over.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from functools import partial

import structlog

from libs.shared.bus.apps import Apps
from libs.shared.bus.nats.jetstream import JetStream, Overtaken
from libs.shared.bus.outbox.app_relay import AppRelay
from libs.shared.bus.outbox.fenced_publisher import FencedPublisher
from libs.shared.bus.outbox.log_source import Log
from libs.shared.bus.outbox.relay_calls import lease_name
from libs.shared.bus.standstills import Standstills, reason_of
from libs.shared.bus.timers.leases import Leases
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.operations import RelayHint, relay_hint
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Databases, on_commit

log = structlog.get_logger()

POLL_INTERVAL_S = 1.0
"""Seconds until the log of an active app is first read without a hint, because a hint may have been lost."""
MAX_POLL_INTERVAL_S = 60.0
"""The longest pause between further reads that find nothing; each pause is four times the previous one. With more
active apps than connections each read opens a connection, which is the highest cost of an idle app. After events that
may lose hints (a replica has started or stopped, NATS was unavailable) the log is read at once."""
QUIET_S = 120.0
"""Seconds without a write after which the relay of an app rests."""
SWEPT_S = 5.0
"""Seconds for which an app is led after a start without a write."""
RETRY_S = 0.5
HINT_DELAY_S = 0.005
"""Seconds in which the hints of one app are combined."""
ELSEWHERE_S = 0.5
"""Seconds in which a server other than the platform's must return the position of a log."""
FINAL_S = 2.0
"""Seconds for a last round at shutdown."""

RELAY = "relay"
TAKE_OVER = "relays of replicas that are gone"
"""The standstills of a log that is not published, and of taking over apps without a leader."""
LAPSED = "SELECT name FROM bus.leases WHERE starts_with(name, $1) AND until < now() LIMIT 100"


class Relay:
    """The relays of one log, one per app that is written to, each led by one replica."""

    def __init__(self, source: Log, databases: Databases, stream: JetStream, leases: Leases, apps: Apps) -> None:
        self._log = source
        self._databases = databases
        self._stream = stream
        self._publisher = FencedPublisher(stream, source.stream.name)
        self._leases = leases
        self._apps = apps
        self._active: dict[str, AppRelay] = {}
        self._hinted: set[str] = set()
        self._standstills = Standstills(source.service, databases)
        self._listeners: list[Callable[[str], None]] = []

    async def activate(self, app: AppRef) -> None:
        """Make sure that a replica relays this app. Await it before a commit; it is free once the app is active.

        The lease is taken first: if this replica dies right after the commit, another one finds the lease lapsed and
        takes over.
        """
        active = self._active.get(app.id)
        if active is None:
            await self._leases.claim([self._lease(app.id)])
            active = self._active.get(app.id)
            if active is None:
                active = AppRelay(app, self._log, self._databases, self._stream, self._publisher)
                self._active[app.id] = active
        active.used = time.monotonic()
        if active.task is None or active.task.done():
            active.task = asyncio.create_task(self._lead(active))

    def on_commit(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the app's id at each commit that this replica makes or gets a hint of."""
        self._listeners.append(listener)

    def wake(self, app: AppRef) -> None:
        """Hint that something was committed; the other replicas get the hint if one of them leads."""
        if on_commit(partial(self.wake, app)):
            return
        for listener in self._listeners:
            listener(app.id)
        active = self._active.get(app.id)
        if active is None:
            return
        active.woken.set()
        if not self._leases.holds(self._lease(app.id)) and app.id not in self._hinted:
            self._hinted.add(app.id)
            asyncio.get_running_loop().call_later(HINT_DELAY_S, self._hint, app.id)

    async def lag(self) -> int:
        """Positions taken but not published yet, over all apps that this replica leads."""
        # Most have published all they know of; asking the databases of all apps would take too long.
        led = [a for a in self._active.values() if a.is_behind and self._leases.holds(self._lease(a.app.id))]
        return sum(await asyncio.gather(*map(self._lag_of, led)))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Relay until the block ends; a last round publishes what was committed meanwhile."""
        sweeping = asyncio.create_task(self._sweep_once())
        keeping = asyncio.create_task(self._take_over_lapsed())
        self._listen()
        try:
            yield
        finally:
            tasks = [sweeping, keeping, *(active.task for active in self._active.values() if active.task)]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(FINAL_S):
                    await asyncio.gather(*map(self._final_round, self._active.values()))

    async def _lag_of(self, active: AppRelay) -> int:
        if not active.app.server:
            return await active.lag()
        # Another server may be down while the platform's is not: readiness shows that by itself.
        with contextlib.suppress(RocketError, TimeoutError):
            async with asyncio.timeout(ELSEWHERE_S):
                return await active.lag()
        return 0

    async def _final_round(self, active: AppRelay) -> None:
        if self._leases.holds(self._lease(active.app.id)):
            await active.drain(await active.resume())

    # --- hints ---------------------------------------------------------------------------------------

    def _listen(self) -> None:
        def heard(hint: RelayHint) -> None:
            for listener in self._listeners:
                listener(hint.app_id)
            if active := self._active.get(hint.app_id):
                active.woken.set()

        self._stream.connection.on_announcement(relay_hint(self._log.service), heard)
        self._stream.connection.on_reconnect(self._wake_all)

    def _hint(self, app_id: str) -> None:
        self._hinted.discard(app_id)
        hint = relay_hint(self._log.service)(app_id=app_id)
        task = asyncio.ensure_future(self._stream.connection.announce(hint))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _wake_all(self) -> None:
        """Hints of this replica and of others may have been lost."""
        for active in self._active.values():
            active.woken.set()
            if not self._leases.holds(self._lease(active.app.id)):
                self._hint(active.app.id)

    # --- apps without a leader -----------------------------------------------------------------------

    async def _sweep_once(self) -> None:
        """After a start: look at every app once, slowly, for what a crash may have left unpublished."""
        apps: list[AppRef] | None = None
        while apps is None:
            try:
                apps = await self._apps.all()
            except Exception:
                await asyncio.sleep(RETRY_S)
        for app in apps:
            try:
                await self._sweep(app)
            except Exception as error:
                log.warning("relay.not_swept", app_id=app.id, error=str(error))
                await self._standstills.note(app, RELAY, reason_of(error))
            await asyncio.sleep(0.02)

    async def _sweep(self, app: AppRef) -> None:
        # The leader may have missed the hints of this replica's last commits.
        self._hint(app.id)
        if app.id not in self._active:
            await self.activate(app)
            # Without a write it rests again soon, as hundreds of apps may be swept.
            self._active[app.id].used -= QUIET_S - SWEPT_S

    async def _take_over_lapsed(self) -> None:
        """Take over the apps whose leader has died; look at those of this replica for commits of the dead one."""
        replicas = self._leases.replicas
        while True:
            await asyncio.sleep(POLL_INTERVAL_S)
            if self._leases.replicas < replicas:
                # A departed replica may have committed without notifying anyone.
                self._wake_all()
            replicas = self._leases.replicas
            try:
                await self._take_over()
                await self._standstills.clear(None, TAKE_OVER)
            except Exception as error:
                log.warning("relay.no_take_over", error=str(error))
                await self._standstills.note(None, TAKE_OVER, reason_of(error))

    async def _take_over(self) -> None:
        prefix = self._lease("")
        for row in await self._databases.platform.fetch(LAPSED, prefix):
            app = await self._apps.by_id(row["name"].removeprefix(prefix))
            if app:
                await self.activate(app)
            elif row["name"] in await self._leases.claim([row["name"]]):
                # The app is deleted, so its lease is not needed any more.
                await self._leases.release([row["name"]])

    # --- leading -------------------------------------------------------------------------------------

    async def _lead(self, active: AppRelay) -> None:
        """Publish as long as this replica holds the lease and there is traffic."""
        app, lease = active.app, self._lease(active.app.id)
        while time.monotonic() - active.used < QUIET_S or active.woken.is_set():
            if active.woken.is_set():
                # Woken when it was about to rest: there is traffic again. Without this it would loop without a pause.
                active.used = time.monotonic()
            try:
                if self._leases.holds(lease) or lease in await self._leases.claim([lease]):
                    await self._publish_while_leading(active, lease)
                else:
                    await asyncio.sleep(POLL_INTERVAL_S)
            except Overtaken:
                # Another replica believes to lead as well; the lease decides.
                log.info("relay.overtaken", app_id=app.id)
                await asyncio.sleep(RETRY_S)
            except Exception as error:
                log.warning("relay.waiting", app_id=app.id, error=str(error) or type(error).__name__)
                await self._standstills.note(app, RELAY, reason_of(error))
                await asyncio.sleep(RETRY_S)
                if await self._is_deleted(app):
                    await self._standstills.clear(app, RELAY)
                    break
        self._active.pop(app.id, None)
        if self._leases.holds(lease):
            await active.mark_at_rest()
        await self._leases.release([lease])

    async def _publish_while_leading(self, active: AppRelay, lease: str) -> None:
        await self._stream.ensure_stream(self._log.stream)
        fence = await active.resume()
        active.begin(fence[1])
        wait = POLL_INTERVAL_S
        while self._leases.holds(lease) and time.monotonic() - active.used < QUIET_S:
            before = fence[1][0]
            fence = await active.publish(fence)
            await self._standstills.clear(active.app, RELAY)
            if fence[1][0] > before:
                wait = POLL_INTERVAL_S
            try:
                await asyncio.wait_for(active.woken.wait(), wait)
                active.used = time.monotonic()
                # The commit of a hint may still be on its way: some hint before they commit.
                wait = POLL_INTERVAL_S
            except TimeoutError:
                wait = min(4 * wait, MAX_POLL_INTERVAL_S)
                active.announce_settled()

    async def _is_deleted(self, app: AppRef) -> bool:
        try:
            self._apps.forget(app.id)
            return await self._apps.by_id(app.id) is None
        except Exception:
            return False

    def _lease(self, app_id: str) -> str:
        return lease_name(self._log.service, app_id)
