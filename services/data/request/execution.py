"""Runs reading statements: traced, within the deadline, under the schema they were compiled for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from libs.shared.postgres.errors import SchemaMoved
from services.data.model import EntityModel, KeyValue, PointStatement
from services.data.query.point_lookups import point_statement
from services.data.query.shapes import Point
from services.data.query_spans import executing
from services.data.request.context import RequestContext


async def read(ctx: RequestContext, statement: tuple[str, Sequence[Any]]) -> Any:
    """One row of a reading statement. Raises SchemaMoved when it was compiled for another schema."""
    sql, values = statement
    with executing(sql) as span:
        row = await ctx.state.shared_reads.read(ctx.database, sql, values, ctx.context.remaining())
        span.metadata["rows"] = 0 if row is None else row.get("rows", 1)
    if row is None or row["schema_version"] != ctx.model.version:
        raise SchemaMoved
    return row


async def look_up(ctx: RequestContext, statement: PointStatement, key: KeyValue, values: Sequence[Any]) -> Any:
    """One record as `point_sql` answers it, in one statement with others that are looked up at the same moment."""
    with executing(statement.text(1)) as span:
        row = await ctx.state.point_lookups.call((ctx.database, statement, tuple(values)), key)
        span.metadata["rows"] = int(row["record"] is not None)
    if row["schema_version"] != ctx.model.version:
        raise SchemaMoved
    return row


def statement_of(ctx: RequestContext, entity: EntityModel, point: Point) -> PointStatement:
    """The statement that answers a point, compiled once."""
    model = ctx.model
    return model.points.made((entity.name, point), lambda: point_statement(model, entity, point))


async def planned_rows(ctx: RequestContext, statement: tuple[str, Sequence[Any]]) -> int:
    """The number of rows that an EXPLAIN expects."""
    sql, values = statement
    plan = await ctx.database.fetchval(sql, *values, timeout=ctx.context.remaining())
    return int(orjson.loads(plan)[0]["Plan"]["Plan Rows"])
