"""Databases on one server or several: statements, transactions, and ambient transactions of a task.

Session state is never changed (only SET LOCAL and transaction locks are used). So connections are not reset between
uses, and a transaction pooler may stand in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
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
from libs.shared.postgres.pools import STATEMENT_TIMEOUT_S, Pools, PoolUsage
from libs.shared.postgres.tiered_semaphore import REQUEST, TRANSACTION

Record = asyncpg.Record
Connection: TypeAlias = pools.Connection
Timeout: TypeAlias = float | Callable[[], float]
"""The timeout of a statement in seconds, or a function that returns it when the statement is sent."""


@dataclass(slots=True)
class _AmbientTransaction:
    """The transaction that all statements of a task in one database are part of."""

    database: Database
    connection: Connection
    task: asyncio.Task[Any] | None
    afterwards: list[Callable[[], Awaitable[None] | None]] = field(default_factory=list)


_ambient: ContextVar[_AmbientTransaction | None] = ContextVar("rocket_ambient_transaction", default=None)


class Database:
    """One database. Raises RocketError or SchemaMoved in place of asyncpg's errors."""

    def __init__(self, pools: Pools, name: str) -> None:
        self._pools = pools
        self.name = name

    async def fetch(self, sql: str, *args: Any, timeout: float = STATEMENT_TIMEOUT_S) -> Sequence[Record]:
        """Return all rows of a statement, run in its own transaction."""
        rows: Sequence[Record] = await self._run("fetch", sql, args, timeout)
        return rows

    async def fetchrow(self, sql: str, *args: Any, timeout: Timeout = STATEMENT_TIMEOUT_S) -> Record | None:
        """Return the first row, or None."""
        row: Record | None = await self._run("fetchrow", sql, args, timeout)
        return row

    async def fetchval(self, sql: str, *args: Any, timeout: float = STATEMENT_TIMEOUT_S) -> Any:
        """Return the first column of the first row, or None."""
        return await self._run("fetchval", sql, args, timeout)

    async def execute(self, sql: str, *args: Any, timeout: float = STATEMENT_TIMEOUT_S) -> str:
        """Run a statement without rows and return its command tag."""
        tag: str = await self._run("execute", sql, args, timeout)
        return tag

    async def _run(self, method: str, sql: str, args: tuple[Any, ...], timeout: Timeout) -> Any:
        if _ambient.get() is not None:
            async with self.connection(tiered_semaphore.STATEMENT) as connection:
                return await getattr(connection, method)(sql, *args, timeout=_seconds(timeout))
        # Written out because most statements run here, and nested context managers cost as much as a query.
        usage, began = self._pools.usage, time.perf_counter()
        usage.queries += 1
        try:
            connection = await self._pools.borrow(self.name)
            try:
                return await getattr(connection, method)(sql, *args, timeout=_seconds(timeout))
            except asyncpg.InternalClientError:
                connection.terminate()
                raise
            finally:
                self._pools.give_back(self.name, connection)
                usage.seconds += time.perf_counter() - began
        except Exception as error:
            usage.errors += 1
            translated = self._translated(error)
            if translated is error:
                raise
            raise translated from error

    @contextlib.asynccontextmanager
    async def transaction(self, kind: int = TRANSACTION) -> AsyncIterator[Connection]:
        """A transaction (READ COMMITTED): committed at the end, rolled back when the block raises.

        Do not begin another one in the block, unless the outer one is of kind REQUEST: see `tiered_semaphore`.
        """
        self._pools.usage.queries += 1
        async with self.connection(kind) as connection, connection.transaction():
            yield connection

    @contextlib.asynccontextmanager
    async def ambient_transaction(self) -> AsyncIterator[Connection]:
        """A transaction that includes all statements of this task in this database while the block runs.

        Transactions begun in the block become savepoints, so each can fail alone. Tasks started in the block are not
        included. Actions passed to `on_commit` run after the commit.
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
        """Borrow a connection for the block. Within an ambient transaction it is that one's, in a savepoint."""
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
    """Whether this task is within an ambient transaction. Its statements must then not move to other tasks."""
    return _present() is not None


def on_commit(action: Callable[[], Awaitable[None] | None]) -> bool:
    """Call `action` after the ambient transaction commits. Returns False, and calls nothing, if there is none.

    Use it for notifications of a change, because receivers can't read the change before the commit.
    """
    ambient = _present()
    if ambient is None:
        return False
    ambient.afterwards.append(action)
    return True


async def after_commit(action: Callable[[], Awaitable[None]]) -> None:
    """Call `action` now, or after the commit of the ambient transaction if there is one."""
    if not on_commit(action):
        await action()


@contextlib.contextmanager
def outside_ambient_transaction() -> Iterator[None]:
    """Exclude the block from the ambient transaction. Its effects stay if that transaction is rolled back."""
    token = _ambient.set(None)
    try:
        yield
    finally:
        _ambient.reset(token)


def _present() -> _AmbientTransaction | None:
    ambient = _ambient.get()
    # Tasks inherit the context variable, but two tasks can't share a connection.
    return ambient if ambient is not None and ambient.task is asyncio.current_task() else None


class Databases:
    """All databases that this process uses, with at most `budget` connections to each server.

    `servers` maps the names of further servers to their DSNs. The platform's server has the name "".
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
        """A database of the server that exists without apps: the platform's, or the one that the DSN names."""
        return self._named(server, self._pools(server).default)

    def usage(self) -> list[tuple[str, PoolUsage]]:
        """How the connections to each server are used at this moment; the platform's server has the name ""."""
        return [(name, pools.measured()) for name, pools in self._servers.items()]

    async def forget(self, app: AppRef) -> None:
        """Drop all connections to the database of an app that is being deleted."""
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
