"""Connections to PostgreSQL: one budget per process, spread over as many databases as are in use.

No session state is ever left behind (SET LOCAL and transaction locks only), so connections are not
reset between uses and a transaction pooler can stand in between.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from libs.shared.contracts.context import AppRef
from libs.shared.errors import unavailable
from libs.shared.postgres.errors import translate

Record = asyncpg.Record
Connection = asyncpg.pool.PoolConnectionProxy

ACQUIRE = 5.0
"""Seconds to wait for a free connection."""
STATEMENT = 15.0
"""Seconds a statement may run unless its caller says less."""
SESSION = {"TimeZone": "UTC"}
"""Startup parameters. Times become JSON text in the session's zone, and that must not be the server's choice."""
IDLE = 60.0
"""Seconds after which an unused connection is closed."""


@dataclass(slots=True)
class _Enclosing:
    """A transaction that everything the task does in one database is part of."""

    database: Database
    connection: Connection
    task: asyncio.Task[Any] | None
    afterwards: list[Callable[[], Awaitable[None] | None]] = field(default_factory=list)


_enclosing: ContextVar[_Enclosing | None] = ContextVar("rocket_enclosing_transaction", default=None)


async def _no_reset(connection: Any) -> None:
    """Replaces asyncpg's reset query, a round trip that only session state would need."""


class Database:
    """One database. Errors leave as RocketError or SchemaMoved, never as asyncpg's."""

    def __init__(self, owner: Databases, name: str) -> None:
        self._owner = owner
        self.name = name

    async def fetch(self, sql: str, *args: Any, timeout: float = STATEMENT) -> Sequence[Record]:
        """All rows of one statement in a transaction of its own."""
        async with self.connection() as connection:
            rows: Sequence[Record] = await connection.fetch(sql, *args, timeout=timeout)
            return rows

    async def fetchrow(self, sql: str, *args: Any, timeout: float = STATEMENT) -> Record | None:
        """The first row, or None."""
        async with self.connection() as connection:
            row: Record | None = await connection.fetchrow(sql, *args, timeout=timeout)
            return row

    async def fetchval(self, sql: str, *args: Any, timeout: float = STATEMENT) -> Any:
        """The first column of the first row, or None."""
        async with self.connection() as connection:
            return await connection.fetchval(sql, *args, timeout=timeout)

    async def execute(self, sql: str, *args: Any, timeout: float = STATEMENT) -> str:
        """A statement without rows; answers its command tag."""
        async with self.connection() as connection:
            tag: str = await connection.execute(sql, *args, timeout=timeout)
            return tag

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction (READ COMMITTED): committed at the end, rolled back when the block raises."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    @contextlib.asynccontextmanager
    async def enclosing(self) -> AsyncIterator[Connection]:
        """A transaction that all that this task does in this database meanwhile is part of.

        What would be transactions of their own are savepoints in it, so each can fail by itself. Tasks
        that are begun in the block stay outside. What was `deferred` happens when all is committed.
        """
        async with self.transaction() as connection:
            enclosing = _Enclosing(self, connection, asyncio.current_task())
            token = _enclosing.set(enclosing)
            try:
                yield connection
            finally:
                _enclosing.reset(token)
        for action in enclosing.afterwards:
            waiting = action()
            if waiting is not None:
                await waiting

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of the budget for the length of the block; within `enclosing`, a savepoint of that."""
        enclosing = _present()
        try:
            if enclosing is not None and enclosing.database is self:
                async with enclosing.connection.transaction():
                    yield enclosing.connection
                return
            async with self._owner.lend(self.name) as connection:
                yield connection
        except Exception as error:
            translated = translate(error)
            if isinstance(error, asyncpg.InvalidCatalogNameError):
                await self._owner.forget(self.name)
            if translated is error:
                raise
            raise translated from error


def enclosed() -> bool:
    """Whether this task is within an enclosing transaction, so that what it does must stay within the task."""
    return _present() is not None


def deferred(action: Callable[[], Awaitable[None] | None]) -> bool:
    """Have `action` called when the enclosing transaction has committed; False, and nothing, if there is none.

    For what tells others of a change: before it is committed they would find nothing.
    """
    enclosing = _present()
    if enclosing is None:
        return False
    enclosing.afterwards.append(action)
    return True


async def after_commit(action: Callable[[], Awaitable[None]]) -> None:
    """Call `action` now, or, within an enclosing transaction, when that has committed."""
    if not deferred(action):
        await action()


@contextlib.contextmanager
def outside() -> Iterator[None]:
    """What is done in the block is not part of the enclosing transaction, and stays if that is rolled back."""
    token = _enclosing.set(None)
    try:
        yield
    finally:
        _enclosing.reset(token)


def _present() -> _Enclosing | None:
    enclosing = _enclosing.get()
    # Tasks inherit the variable, but two tasks can't take turns on one connection.
    return enclosing if enclosing is not None and enclosing.task is asyncio.current_task() else None


class Databases:
    """Every database this process talks to, within `budget` connections in all."""

    def __init__(self, url: str, budget: int) -> None:
        self._url = url
        self._budget = budget
        self._slots = asyncio.Semaphore(budget)
        self._pools: OrderedDict[str, asyncpg.Pool] = OrderedDict()
        self._borrowers: Counter[str] = Counter()
        self._opening = asyncio.Lock()
        self._databases: dict[str, Database] = {}
        self.platform = self.named(urlsplit(url).path.lstrip("/"))

    def of(self, app: AppRef) -> Database:
        """The database of an app."""
        return self.named(app.database)

    def named(self, name: str) -> Database:
        """Any database of the same server by name; the same object for the same name."""
        database = self._databases.get(name)
        if database is None:
            database = self._databases[name] = Database(self, name)
        return database

    @contextlib.asynccontextmanager
    async def lend(self, name: str) -> AsyncIterator[Connection]:
        """One connection to `name`. Raises SERVICE_UNAVAILABLE when none gets free in time."""
        await self._take_slot()
        # Noted before the pool is looked up, so that it is not closed under our hands to make room.
        self._borrowers[name] += 1
        try:
            pool = await self._pool(name)
            # Whoever has a slot finds a connection or room for one, so only connecting takes time: no timer here.
            async with pool.acquire() as connection:
                yield connection
        finally:
            self._borrowers[name] -= 1
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
        if pool is None:
            async with self._opening:
                pool = self._pools.get(name) or await self._open(name)
        elif len(self._pools) > 1 and pool.get_idle_size() == 0:
            await self._make_room()
        if name in self._pools:
            self._pools.move_to_end(name)
        return pool

    async def _open(self, name: str) -> asyncpg.Pool:
        await self._make_room()
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

    async def _make_room(self) -> None:
        """Close the pools longest unused while the budget is spent on idle connections."""
        while sum(pool.get_size() for pool in self._pools.values()) >= self._budget:
            idle = next((n for n, p in self._pools.items() if self._borrowers[n] <= 0 and p.get_size()), None)
            if idle is None:
                return
            del self._borrowers[idle]
            await self._pools.pop(idle).close()

    async def forget(self, name: str) -> None:
        """Drop our connections to a database that is about to go or has gone."""
        self._databases.pop(name, None)
        pool = self._pools.pop(name, None)
        if pool is not None:
            pool.terminate()

    async def close(self) -> None:
        """Close all connections, waiting at most 3 seconds for those in use."""
        for pool in list(self._pools.values()):
            try:
                await asyncio.wait_for(pool.close(), 3)
            except (TimeoutError, asyncpg.InterfaceError, OSError):
                pool.terminate()
        self._pools.clear()
