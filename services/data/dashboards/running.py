"""Runs the queries of widgets: one connection, one moment, equal queries once. A widget that fails fails alone."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, NamedTuple

from libs.shared import exact
from libs.shared.contracts.records import Pairs
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Connection
from libs.shared.postgres.errors import translate
from libs.shared.schema.dashboards import ActivityQuery, FigureQuery, KpiQuery, RecordQuery, Widget
from libs.shared.telemetry import tracing
from services.data.dashboards.parameters import AskedTime, Window, pairs_of
from services.data.history.newest import load_newest
from services.data.model.version import check_current
from services.data.query.aggregate_sql import aggregate_sql
from services.data.query.aggregates import parse_aggregate
from services.data.query.lists import list_sql
from services.data.query.parameters import parse_list
from services.data.request.context import RequestContext

WIDGET_TIMEOUT_S = 10.0
"""Seconds that the query of one widget may take."""

Result = dict[str, Any]
"""`{data, meta}` or `{error}`, as the response shows a widget."""


class Statement(NamedTuple):
    """A reading statement and its values."""

    sql: str
    values: tuple[Any, ...]


class Board:
    """The widgets of one request. `as_of` is a position in the log, or None for now."""

    def __init__(self, ctx: RequestContext, connection: Connection, asked: AskedTime, as_of: int | None) -> None:
        self._ctx = ctx
        self._connection = connection
        self._asked = asked
        self._as_of = as_of
        self._answered: dict[Statement, Any] = {}

    async def results(self, widgets: Sequence[Widget]) -> dict[str, Result]:
        """The results of all widgets but those about workflows. Raises SchemaMoved."""
        await check_current(self._connection, self._ctx.model)
        return {each.id: await self._result(each) for each in widgets if not isinstance(each.query, KpiQuery)}

    async def _result(self, widget: Widget) -> Result:
        try:
            if isinstance(widget.query, ActivityQuery):
                return await self._activity(widget.query)
            assert isinstance(widget.query, FigureQuery | RecordQuery)
            return await self._figures(widget.query)
        except RocketError as error:
            return failed(error)

    async def _figures(self, query: FigureQuery | RecordQuery) -> Result:
        window = self._asked.window(query.last)
        data, total = await self._rows(query, window)
        meta: dict[str, Any] = {"total": total, **(window.shown if window else {})}
        before = window.before if window and isinstance(query, FigureQuery) and query.compare else None
        if before is not None:
            rows, _ = await self._rows(query, before)
            meta["previous"] = {"data": rows, **before.shown}
        return {"data": data, "meta": meta}

    async def _rows(self, query: FigureQuery | RecordQuery, window: Window | None) -> tuple[Any, int]:
        entity = self._ctx.model.entity(query.entity)
        pairs = pairs_of(query, entity.definition, window)
        row = await self._read(self._statement(query, pairs))
        records, _ = self._ctx.model.bounds.split_marks(row["records"])
        return exact.loads(records), row["total"]

    def _statement(self, query: FigureQuery | RecordQuery, pairs: Pairs) -> Statement:
        """Raises what lists and aggregates raise: FORBIDDEN, UNKNOWN_FIELD, INVALID_PAYLOAD."""
        model, scope = self._ctx.model, self._ctx.scope()
        entity = model.entity(query.entity)
        if isinstance(query, FigureQuery):
            aggregate = parse_aggregate(scope, entity, pairs, self._as_of).aggregate
            sql = model.statements.made((entity.name, aggregate), lambda: aggregate_sql(model, entity, aggregate))
        else:
            listing = parse_list(scope, entity, pairs, self._as_of).listing
            sql = model.statements.made((entity.name, listing), lambda: list_sql(model, entity, listing))
        # A list can't be a key, and PostgreSQL takes a tuple for an array as well.
        return Statement(sql, tuple(tuple(each) if isinstance(each, list) else each for each in scope.values))

    async def _read(self, statement: Statement) -> Any:
        """The row of a statement: equal ones are asked once, also where they fail. Raises RocketError."""
        if statement not in self._answered:
            try:
                self._answered[statement] = await self._apart(self._row(statement))
            except RocketError as error:
                self._answered[statement] = error
        answered = self._answered[statement]
        if isinstance(answered, RocketError):
            raise answered
        return answered

    async def _row(self, statement: Statement) -> Any:
        timeout = min(WIDGET_TIMEOUT_S, self._ctx.context.remaining())
        with tracing.span("db", "query", "query.execute") as span:
            span.metadata["statement"] = "select"
            return await self._connection.fetchrow(statement.sql, *statement.values, timeout=timeout)

    async def _activity(self, query: ActivityQuery) -> Result:
        ctx, scope = self._ctx, self._ctx.scope()
        entity = ctx.model.entity(query.entity)
        newest = load_newest(self._connection, scope, entity, ctx.caller, query.limit, self._as_of)
        rows = await self._apart(newest)
        return {"data": rows, "meta": {"total": len(rows)}}

    async def _apart(self, reading: Awaitable[Any]) -> Any:
        """What is read, in a savepoint: where it fails, the others go on. Raises RocketError or SchemaMoved."""
        try:
            async with self._connection.transaction():
                return await reading
        except Exception as error:
            translated = translate(error)
            if translated is error:
                raise
            raise translated from error


def failed(error: RocketError) -> Result:
    """The result of a widget that could not be answered."""
    return {"error": {"code": error.code, "message": error.message}}


def shown_results(widgets: Sequence[Widget], results: Mapping[str, Result]) -> dict[str, Result]:
    """The results in the order of the widgets."""
    return {each.id: results[each.id] for each in widgets}
