"""Spans of SQL statements: `query.execute` with the statement's fingerprint and its rows, never its values."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any, cast

from libs.shared.postgres.databases import Connection, Record
from libs.shared.telemetry import tracing

MAX_FINGERPRINTS = 4_000
"""Statements whose fingerprints a process caches."""
MAX_STATEMENT_SPANS = 500
"""Spans of statements in one transaction; further statements are only counted, so that a trace stays readable."""
WRITES = {"INSERT INTO ": "insert", "UPDATE ": "update", "DELETE FROM ": "delete"}
"""How the kinds of statements that write begin, also within a WITH."""


@lru_cache(MAX_FINGERPRINTS)
def described(sql: str) -> dict[str, str]:
    """The fingerprint of a statement, and what kind it is. Shared, so it must not be changed.

    Statements hold placeholders instead of values, so equal statements have equal fingerprints.
    """
    plain = " ".join(sql.split())
    fingerprint = hashlib.sha1(plain.encode(), usedforsecurity=False).hexdigest()[:16]
    text = plain.replace("FOR UPDATE", "").replace("FOR NO KEY UPDATE", "")
    places = {text.find(start): kind for start, kind in WRITES.items() if start in text}
    return {"statement": places[min(places)] if places else "select", "fingerprint": fingerprint}


def executing(sql: str, entity: str | None = None) -> tracing.Span:
    """The span of a statement, to be entered with `with`. Its `metadata["rows"]` is set when they are known."""
    span = tracing.span("db", "query", "query.execute", entity)
    span.metadata = {**described(sql)}
    return span


class TracedConnection:
    """A connection in a transaction whose statements leave spans. Everything else is the connection's own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statements = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, sql: str, *args: Any, **options: Any) -> Sequence[Record]:
        rows: Sequence[Record] = await self._traced(self._connection.fetch, sql, args, options, len)
        return rows

    async def fetchrow(self, sql: str, *args: Any, **options: Any) -> Record | None:
        row: Record | None = await self._traced(self._connection.fetchrow, sql, args, options, _one)
        return row

    async def fetchval(self, sql: str, *args: Any, **options: Any) -> Any:
        return await self._traced(self._connection.fetchval, sql, args, options, _one)

    async def execute(self, sql: str, *args: Any, **options: Any) -> str:
        tag: str = await self._traced(self._connection.execute, sql, args, options, _of_tag)
        return tag

    async def _traced(
        self,
        run: Callable[..., Awaitable[Any]],
        sql: str,
        args: tuple[Any, ...],
        options: dict[str, Any],
        rows_of: Callable[[Any], int],
    ) -> Any:
        self.statements += 1
        if self.statements > MAX_STATEMENT_SPANS:
            return await run(sql, *args, **options)
        with executing(sql) as span:
            outcome = await run(sql, *args, **options)
            span.metadata["rows"] = rows_of(outcome)
            return outcome


def traced(connection: Connection) -> Connection:
    """The same connection; its statements leave spans."""
    return cast(Connection, TracedConnection(connection))


def _one(value: Any) -> int:
    return int(value is not None)


def _of_tag(tag: str) -> int:
    """The rows that a command tag tells of, such as `UPDATE 3`."""
    count = tag.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0
