"""Databases, on one server or several: statements, transactions, and what encloses them.

No session state is ever left behind (SET LOCAL and transaction locks only), so connections are not
reset between uses and a transaction pooler can stand in between.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from libs.shared.contracts.context import AppRef
from libs.shared.errors import unavailable
from libs.shared.postgres import pools, tiered_semaphore
from libs.shared.postgres.errors import translate
from libs.shared.postgres.pools import STATEMENT_TIMEOUT_S, Pools
from libs.shared.postgres.tiered_semaphore import REQUEST, TRANSACTION

Record = asyncpg.Record
Connection: TypeAlias = pools.Connection
Timeout: TypeAlias = float | Callable[[], float]
"""Seconds that a statement may run, or what says so at the moment when it is sent."""


@dataclass(slots=True)
class _AmbientTransaction:
    """A transaction that everything the task does in one database is part of."""

    database: Database
    connection: Connection
    task: asyncio.Task[Any] | None
    afterwards: list[Callable[[], Awaitable[None] | None]] = field(default_factory=list)


_ambient: ContextVar[_AmbientTransaction | None] = ContextVar("rocket_ambient_transaction", default=None)


class Database:
    """One database. Errors leave as RocketError or SchemaMoved, never as asyncpg's."""

    def __init__(self, pools: Pools, name: str) -> None:
        self._pools = pools
        self.name = name

    async def fetch(self, sql: str, *args: Any, timeout: float = STATEMENT_TIMEOUT_S) -> Sequence[Record]:
        """All rows of one statement in a transaction of its own."""
        rows: Sequence[Record] = await self._run("fetch", sql, args, timeout)
        return rows

    async def fetchrow(self, sql: str, *args: Any, timeout: Timeout = STATEMENT_TIMEOUT_S) -> Record | None:
        """The first row, or None."""
        row: Record | None = await self._run("fetchrow", sql, args, timeout)
        return row

    async def fetchval(self, sql: str, *args: Any, timeout: float = STATEMENT_TIMEOUT_S) -> Any:
        """The first column of the first row, or None."""
        return await self._run("fetchval", sql, args, timeout)

    async def execute(self, sql: str, *args: Any, timeout: float = STATEMENT_TIMEOUT_S) -> str:
        """A statement without rows; answers its command tag."""
        tag: str = await self._run("execute", sql, args, timeout)
        return tag

    async def _run(self, method: str, sql: str, args: tuple[Any, ...], timeout: Timeout) -> Any:
        if _ambient.get() is not None:
            async with self.connection(tiered_semaphore.STATEMENT) as connection:
                return await getattr(connection, method)(sql, *args, timeout=_seconds(timeout))
        # Written out: most statements come here, and a context manager around another costs what a query does.
        try:
            connection = await self._pools.borrow(self.name)
            try:
                return await getattr(connection, method)(sql, *args, timeout=_seconds(timeout))
            except asyncpg.InternalClientError:
                connection.terminate()
                raise
            finally:
                self._pools.give_back(self.name, connection)
        except Exception as error:
            translated = self._translated(error)
            if translated is error:
                raise
            raise translated from error

    @contextlib.asynccontextmanager
    async def transaction(self, kind: int = TRANSACTION) -> AsyncIterator[Connection]:
        """A transaction (READ COMMITTED): committed at the end, rolled back when the block raises.

        Begin no other one in the block, unless it is one around a REQUEST: see `places`.
        """
        async with self.connection(kind) as connection, connection.transaction():
            yield connection

    @contextlib.asynccontextmanager
    async def ambient_transaction(self) -> AsyncIterator[Connection]:
        """A transaction that all that this task does in this database meanwhile is part of.

        What would be transactions of their own are savepoints in it, so each can fail by itself. Tasks
        that are begun in the block stay outside. What was `deferred` happens when all is committed.
        """
        async with self.transaction(REQUEST) as connection:
            ambient = _AmbientTransaction(self, connection, asyncio.current_task())
            token = _ambient.set(ambient)
            try:
                yield connection
            finally:
                _ambient.reset(token)
        for action in ambient.afterwards:
            waiting = action()
            if waiting is not None:
                await waiting

    @contextlib.asynccontextmanager
    async def connection(self, kind: int = TRANSACTION) -> AsyncIterator[Connection]:
        """A connection of the budget for the length of the block; within `enclosing`, a savepoint of that."""
        ambient = _present()
        try:
            if ambient is not None and ambient.database is self:
                async with ambient.connection.transaction():
                    yield ambient.connection
                return
            async with self._pools.lend(self.name, kind) as connection:
                yield connection
        except Exception as error:
            translated = self._translated(error)
            if translated is error:
                raise
            raise translated from error

    def _translated(self, error: Exception) -> Exception:
        if isinstance(error, asyncpg.InvalidCatalogNameError):
            self._pools.forget(self.name)
        return translate(error)


def _seconds(timeout: Timeout) -> float:
    return timeout() if callable(timeout) else timeout


def in_ambient_transaction() -> bool:
    """Whether this task is within an enclosing transaction, so that what it does must stay within the task."""
    return _present() is not None


def on_commit(action: Callable[[], Awaitable[None] | None]) -> bool:
    """Have `action` called when the enclosing transaction has committed; False, and nothing, if there is none.

    For what tells others of a change: before it is committed they would find nothing.
    """
    ambient = _present()
    if ambient is None:
        return False
    ambient.afterwards.append(action)
    return True


async def after_commit(action: Callable[[], Awaitable[None]]) -> None:
    """Call `action` now, or, within an enclosing transaction, when that has committed."""
    if not on_commit(action):
        await action()


@contextlib.contextmanager
def outside_ambient_transaction() -> Iterator[None]:
    """What is done in the block is not part of the enclosing transaction, and stays if that is rolled back."""
    token = _ambient.set(None)
    try:
        yield
    finally:
        _ambient.reset(token)


def _present() -> _AmbientTransaction | None:
    ambient = _ambient.get()
    # Tasks inherit the variable, but two tasks can't take turns on one connection.
    return ambient if ambient is not None and ambient.task is asyncio.current_task() else None


class Databases:
    """Every database this process talks to, with at most `budget` connections to each server.

    `servers` are further servers by name, as DSNs; the first, where the platform lives, has the name "".
    """

    def __init__(self, url: str, budget: int, servers: Mapping[str, str] | None = None) -> None:
        self._servers = {"": Pools(url, budget)}
        self._servers |= {name: Pools(at_server(dsn, url), budget) for name, dsn in (servers or {}).items()}
        self._databases: dict[tuple[str, str], Database] = {}
        self.platform = self.maintenance("")

    @property
    def servers(self) -> list[str]:
        """The names of the servers besides the platform's."""
        return [name for name in self._servers if name]

    def of(self, app: AppRef) -> Database:
        """The database of an app. Raises SERVICE_UNAVAILABLE if its server is not known here."""
        return self._named(app.server, app.database)

    def maintenance(self, server: str) -> Database:
        """The database of a server that is there whatever apps there are: the platform's, or what the DSN names."""
        return self._named(server, self._pools(server).default)

    async def forget(self, app: AppRef) -> None:
        """Drop our connections to the database of an app that is about to go or has gone."""
        self._databases.pop((app.server, app.database), None)
        self._pools(app.server).forget(app.database)

    async def close(self) -> None:
        """Close all connections, within a few seconds."""
        await asyncio.gather(*(pools.close() for pools in self._servers.values()))

    def _named(self, server: str, name: str) -> Database:
        """The same object for the same database."""
        database = self._databases.get((server, name))
        if database is None:
            database = self._databases[server, name] = Database(self._pools(server), name)
        return database

    def _pools(self, server: str) -> Pools:
        try:
            return self._servers[server]
        except KeyError:
            raise unavailable(f"database server {server}") from None


def at_server(dsn: str, own: str) -> str:
    """The DSN of another server; user and password that it leaves out are those of `own`."""
    parts, mine = urlsplit(dsn), urlsplit(own)
    user, at, _ = mine.netloc.rpartition("@")
    if parts.username is None:
        parts = parts._replace(netloc=f"{user}{at}{parts.netloc}")
    return urlunsplit(parts)
