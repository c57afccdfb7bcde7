"""Connections to one PostgreSQL server: a budget of them, spread over as many databases as are in use.

Each database has a pool with a minimum of zero; what is idle anywhere is closed where a connection is needed
elsewhere, of the database longest unused first, and after IDLE seconds anyhow. So 200 databases can be served
with a dozen connections, and a database that nobody asks for costs none.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from libs.shared.errors import unavailable

Connection = asyncpg.pool.PoolConnectionProxy

ACQUIRE = 5.0
"""Seconds to wait for a free connection, and to connect."""
STATEMENT = 15.0
"""Seconds a statement may run unless its caller says less."""
SESSION = {"TimeZone": "UTC"}
"""Startup parameters. Times become JSON text in the session's zone, and that must not be the server's choice."""
IDLE = 60.0
"""Seconds after which an unused connection is closed."""
CLOSE = 3.0
"""Seconds for a connection to end in good order."""


async def _no_reset(connection: Any) -> None:
    """Replaces asyncpg's reset query, a round trip that only session state would need."""


class Pools:
    """The pools of one server. `url` is its DSN, of any database; `budget` the most connections in all."""

    def __init__(self, url: str, budget: int) -> None:
        self._url = url
        self._budget = budget
        self._slots = asyncio.Semaphore(budget)
        self._lent = 0
        self._pools: OrderedDict[str, asyncpg.Pool] = OrderedDict()
        self._borrowers: Counter[str] = Counter()
        self._making_room = asyncio.Lock()

    @property
    def default(self) -> str:
        """The database that the DSN names."""
        return urlsplit(self._url).path.lstrip("/") or "postgres"

    @contextlib.asynccontextmanager
    async def lend(self, name: str) -> AsyncIterator[Connection]:
        """One connection to the database `name`. Raises SERVICE_UNAVAILABLE when none gets free in time."""
        await self._take_slot()
        # Noted before the pool is looked up, so that it is not closed under our hands to make room.
        self._borrowers[name] += 1
        self._lent += 1
        try:
            pool = await self._pool(name)
            # Whoever has a slot finds a connection or room for one, so only connecting takes time: no timer here.
            async with pool.acquire() as connection:
                try:
                    yield connection
                except asyncpg.InternalClientError:
                    # The server went away in the middle of something: the connection does not know its own state.
                    connection.terminate()
                    raise
        finally:
            self._lent -= 1
            self._borrowers[name] -= 1
            if not self._borrowers[name]:
                del self._borrowers[name]
            self._slots.release()

    async def _take_slot(self) -> None:
        if not self._slots.locked():
            await self._slots.acquire()  # at once, so without a timer
            return
        try:
            await asyncio.wait_for(self._slots.acquire(), ACQUIRE)
        except TimeoutError:
            raise unavailable("database") from None

    async def _pool(self, name: str) -> asyncpg.Pool:
        pool = self._pools.get(name)
        if pool is None or (len(self._pools) > 1 and pool.get_idle_size() == 0):
            async with self._making_room:
                pool = self._pools.get(name) or await self._open(name)
                await self._make_room(pool)
        if name in self._pools:
            self._pools.move_to_end(name)
        return pool

    async def _open(self, name: str) -> asyncpg.Pool:
        while len(self._pools) >= self._budget:
            # There are fewer borrowers than pools, as this one's has none yet.
            await self._close_pool(next(n for n in self._pools if n not in self._borrowers))
        pool = await asyncpg.create_pool(
            urlunsplit(urlsplit(self._url)._replace(path="/" + name)),
            min_size=0,
            max_size=self._budget,
            max_inactive_connection_lifetime=IDLE,
            statement_cache_size=512,
            reset=_no_reset,
            timeout=ACQUIRE,
            command_timeout=STATEMENT,
            server_settings=SESSION,
        )
        self._pools[name] = pool
        return pool

    async def _make_room(self, wanted: asyncpg.Pool) -> None:
        """Close idle connections until one more fits beside those that are lent: each borrower will hold one."""
        while wanted.get_idle_size() == 0:
            idle = {name: size for name, pool in self._pools.items() if (size := pool.get_idle_size())}
            if self._lent + sum(idle.values()) <= self._budget or not idle:
                return
            name = next(iter(idle))
            if name in self._borrowers or idle[name] > 1:
                await _close_one(self._pools[name])
            else:
                await self._close_pool(name)

    async def _close_pool(self, name: str) -> None:
        await _closed(self._pools.pop(name))

    def forget(self, name: str) -> None:
        """Drop our connections to a database that is about to go or has gone."""
        pool = self._pools.pop(name, None)
        if pool is not None:
            pool.terminate()

    async def close(self) -> None:
        """Close all connections, waiting at most CLOSE seconds for those in use."""
        pools = list(self._pools.values())
        self._pools.clear()
        await asyncio.gather(*(_closed(pool) for pool in pools))


async def _closed(pool: asyncpg.Pool) -> None:
    try:
        await asyncio.wait_for(pool.close(), CLOSE)
    except (TimeoutError, asyncpg.InterfaceError, OSError):
        pool.terminate()


async def _close_one(pool: asyncpg.Pool) -> None:
    """End one idle connection of a pool whose others are in use, or will be again."""
    connection = await pool.acquire()
    try:
        await connection.close(timeout=CLOSE)
    finally:
        await pool.release(connection)
