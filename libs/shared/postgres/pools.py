"""Connections to one PostgreSQL server: a budget of connections that all databases in use share.

An idle connection is closed when another database needs one, beginning with the database unused for longest, and in any
case after MAX_IDLE_S. So a dozen connections serve 200 databases, and an unused database costs none. A database that
has connections waits for one of its own before it takes one from another database. Otherwise a busy and a rarely used
database would alternately close each other's connections, and connecting costs more than most statements.

One database has at most three quarters of the connections, so tasks that all wait for the same lock leave the rest to
other databases. A borrower takes a permit of its database's share and then one of the budget, both for the same kind of
use; `tiered_semaphore` explains why this can't deadlock. A borrower with both permits finds a connection or may make
one.

asyncpg's pools, one per database, are not used: they have no common budget, and each return of a connection starts
a task. They took 9 % of the data service's time for a list.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from libs.shared.errors import unavailable
from libs.shared.postgres import tiered_semaphore, times
from libs.shared.postgres.asyncpg_internals import SharedTypesConnection
from libs.shared.postgres.tiered_semaphore import TieredSemaphore
from libs.shared.postgres.wait_queue import WaitQueue

Connection: TypeAlias = "asyncpg.Connection[Any]"

ACQUIRE_TIMEOUT_S = 5.0
"""Seconds to wait for a free connection, and to connect."""
STATEMENT_TIMEOUT_S = 15.0
"""Seconds a statement may run unless its caller sets a shorter limit."""
SESSION = {"TimeZone": "UTC"}
"""Startup parameters. PostgreSQL writes times in JSON in the session's zone, so it must not depend on the server."""
MAX_IDLE_S = 60.0
"""Seconds after which an unused connection is closed."""
SWEEP_INTERVAL_S = 15.0
"""Seconds between searches for such connections."""
CLOSE_TIMEOUT_S = 3.0
"""Seconds for a connection to close gracefully."""
MIN_CONNECTIONS = len(tiered_semaphore.KINDS)
"""The smallest budget that has a permit for each kind of use."""
RESERVED_PART = 4
"""One in so many connections of the budget is reserved for other databases; a smaller budget reserves none."""
OWN_CONNECTION_WAIT_S = 0.25
"""Seconds that a database with connections waits for one of them before it takes another's."""
CLOSING_POLL_S = 0.005
"""Seconds between checks whether a closing connection has ended."""


@dataclass(slots=True)
class PoolUsage:
    """What the connections to a server have done so far, and how many are used."""

    queries: int = 0
    """Statements and transactions."""
    errors: int = 0
    seconds: float = 0.0
    """That statements took, waiting for a connection included."""
    lent: int = 0
    idle: int = 0
    waiting: int = 0
    """Borrowers that wait."""
    limit: int = 0


class Pools:
    """The connections to one server. `url` is a DSN of any of its databases, `budget` the largest number in all."""

    def __init__(self, url: str, budget: int) -> None:
        self._url = url
        self._budget = budget
        self.usage = PoolUsage(limit=budget)
        self._permits = TieredSemaphore(budget)
        """The permits of borrowers: each has a connection or is about to get one."""
        self._shares: dict[str, TieredSemaphore] = {}
        """Database → the permits of its share."""
        self._open = 0
        """The number of connections: lent, idle, being made or closed. It never exceeds the budget."""
        self._idle: OrderedDict[str, list[tuple[Connection, float]]] = OrderedDict()
        """Database → its idle connections and when they were returned; the last used one is at the end."""
        self._lent: defaultdict[str, set[Connection]] = defaultdict(set)
        self._awaiting: defaultdict[str, WaitQueue[Connection]] = defaultdict(WaitQueue)
        """Database → the borrowers that wait for one of its connections to be returned."""
        self._making_room = asyncio.Lock()
        self._sweeping: asyncio.Task[None] | None = None

    def measured(self) -> PoolUsage:
        """The usage of this moment."""
        usage = self.usage
        usage.lent = sum(map(len, self._lent.values()))
        usage.idle = sum(map(len, self._idle.values()))
        usage.waiting = self._permits.waiting + sum(share.waiting for share in self._shares.values())
        return usage

    @property
    def default(self) -> str:
        """The database that the DSN names."""
        return urlsplit(self._url).path.lstrip("/") or "postgres"

    @contextlib.asynccontextmanager
    async def lend(self, name: str, kind: int = tiered_semaphore.STATEMENT) -> AsyncIterator[Connection]:
        """Lend a connection to the database `name`, for a use of this kind (see `tiered_semaphore`).

        Raises SERVICE_UNAVAILABLE when no connection is free in time.
        """
        connection = await self.borrow(name, kind)
        try:
            yield connection
        except asyncpg.InternalClientError:
            # The server disconnected during a statement, so the state of the connection is unknown.
            connection.terminate()
            raise
        finally:
            self.give_back(name, connection, kind)

    async def borrow(self, name: str, kind: int = tiered_semaphore.STATEMENT) -> Connection:
        """Like `lend`, but the caller must return the connection with `give_back`."""
        share = self._shares.get(name) or self._share(name)
        # The path without waiting is written out because every statement runs it.
        if not share.take(kind):
            await self._enter(share, kind)
        elif not self._permits.take(kind):
            share.leave(kind)
            await self._enter(share, kind)
        try:
            connection = self._take(name) or await self._own(name) or await self._connect(name)
        except BaseException:
            self._permits.leave(kind)
            share.leave(kind)
            raise
        self._lent[name].add(connection)
        return connection

    def give_back(self, name: str, connection: Connection, kind: int = tiered_semaphore.STATEMENT) -> None:
        """Return a borrowed connection. It is not reused if it is broken or still within a transaction."""
        self._returned(name, connection)
        self._permits.leave(kind)
        self._shares[name].leave(kind)

    def _share(self, name: str) -> TieredSemaphore:
        share = self._shares[name] = TieredSemaphore(self._budget - self._budget // RESERVED_PART)
        return share

    async def _enter(self, share: TieredSemaphore, kind: int) -> None:
        until = asyncio.get_running_loop().time() + ACQUIRE_TIMEOUT_S
        if not await share.wait(kind, until):
            raise unavailable("database")
        try:
            if not await self._permits.wait(kind, until):
                raise unavailable("database")
        except BaseException:
            share.leave(kind)
            raise

    def _returned(self, name: str, connection: Connection) -> None:
        """Pass a connection on to a waiting borrower, or keep it as idle."""
        if not connection.is_closed() and connection.is_in_transaction():
            connection.terminate()
        if not connection.is_closed() and self._handed_over(name, connection):
            return
        self._lent[name].discard(connection)
        if not self._lent[name]:
            del self._lent[name]
        if connection.is_closed():
            self._open -= 1
            return
        self._idle.setdefault(name, []).append((connection, time.monotonic()))
        self._idle.move_to_end(name)
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.create_task(self._sweep())

    def forget(self, name: str) -> None:
        """Drop all connections to a database that is being deleted, those in use included."""
        for connection, _ in self._idle.pop(name, []):
            connection.terminate()
            self._open -= 1
        for connection in self._lent.pop(name, set()):
            connection.terminate()
        if name in self._shares and self._shares[name].is_unused:
            del self._shares[name]

    async def close(self) -> None:
        """Close all connections. Connections in use are awaited for at most CLOSE_TIMEOUT_S and then terminated."""
        if self._sweeping:
            self._sweeping.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                until = asyncio.get_running_loop().time() + CLOSE_TIMEOUT_S
                for _ in range(self._budget):
                    await self._permits.wait(tiered_semaphore.STATEMENT, until)
        idle = [connection for each in self._idle.values() for connection, _ in each]
        self._idle.clear()
        await asyncio.gather(*(_closed(connection) for connection in idle))
        for name in list(self._lent):
            self.forget(name)

    def _take(self, name: str) -> Connection | None:
        """Take the idle connection that was used last, so that unneeded ones become old."""
        idle = self._idle.get(name)
        while idle:
            connection, _ = idle.pop()
            if not connection.is_closed():
                return connection
            self._open -= 1
        return None

    async def _own(self, name: str) -> Connection | None:
        """Wait briefly for a connection of this database if a new one would require closing another database's."""
        if self._open < self._budget or name not in self._lent:
            return None
        try:
            return await self._awaiting[name].wait(OWN_CONNECTION_WAIT_S, partial(self._returned, name))
        finally:
            if name in self._awaiting and not self._awaiting[name]:
                del self._awaiting[name]

    def _handed_over(self, name: str, connection: Connection) -> bool:
        """Pass the connection to a waiting borrower; False if there is none."""
        return name in self._awaiting and self._awaiting[name].hand(connection)

    async def _connect(self, name: str) -> Connection:
        async with self._making_room:
            while self._open >= self._budget:
                await self._close_one()
            self._open += 1
        try:
            connection = await asyncpg.connect(
                urlunsplit(urlsplit(self._url)._replace(path="/" + name)),
                connection_class=SharedTypesConnection,
                statement_cache_size=512,
                timeout=ACQUIRE_TIMEOUT_S,
                command_timeout=STATEMENT_TIMEOUT_S,
                server_settings=SESSION,
            )
        except BaseException:
            self._open -= 1
            raise
        times.install(connection)
        return connection

    async def _close_one(self) -> None:
        """Close an idle connection of the database longest unused.

        There is an idle connection, or one is being closed: the caller has a permit but no connection, so fewer
        connections are lent or being made than the budget allows.
        """
        name = next((name for name, idle in self._idle.items() if idle), None)
        if name is None:
            await asyncio.sleep(CLOSING_POLL_S)
            return
        connection, _ = self._idle[name].pop(0)
        if not self._idle[name]:
            del self._idle[name]
        try:
            await _closed(connection)
        finally:
            self._open -= 1

    async def _sweep(self) -> None:
        """Close connections that were idle for too long, until none is idle."""
        while self._idle:
            await asyncio.sleep(SWEEP_INTERVAL_S)
            oldest = time.monotonic() - MAX_IDLE_S
            old = [c for idle in self._idle.values() for c, since in idle if since < oldest]
            for name, idle in list(self._idle.items()):
                self._idle[name] = [entry for entry in idle if entry[1] >= oldest]
                if not self._idle[name]:
                    del self._idle[name]
            await asyncio.gather(*(_closed(connection) for connection in old))
            self._open -= len(old)


async def _closed(connection: Connection) -> None:
    try:
        await connection.close(timeout=CLOSE_TIMEOUT_S)
    except (TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        connection.terminate()
