"""Running reading statements: traced, within the deadline, under the schema they were compiled for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from libs.shared.contracts.context import Context
from libs.shared.postgres.errors import SchemaMoved
from libs.shared.telemetry import tracing
from services.data.model import EntityModel, KeyValue, Model, PointStatement
from services.data.query.point_lookups import point_statement
from services.data.query.shapes import Point
from services.data.state import State


async def read(state: State, context: Context, model: Model, statement: tuple[str, Sequence[Any]]) -> Any:
    """One row of a reading statement. Raises SchemaMoved when it was compiled for another schema."""
    sql, values = statement
    with tracing.span("db", "query", "query.execute") as span:
        row = await state.reads.read(state.database(context.the_app), sql, values, context.remaining())
        span.metadata["statement"] = "select"
    if row is None or row["schema_version"] != model.version:
        raise SchemaMoved
    return row


async def read_point(
    state: State,
    context: Context,
    model: Model,
    statement: PointStatement,
    key: KeyValue,
    values: Sequence[Any],
) -> Any:
    """One record as `points_sql` answers it, together with others that are asked for at the same moment."""
    with tracing.span("db", "query", "query.execute") as span:
        row = await state.points.read(state.database(context.the_app), statement, key, tuple(values))
        span.metadata["statement"] = "select"
    if row["schema_version"] != model.version:
        raise SchemaMoved
    return row


def statement_of(model: Model, entity: EntityModel, point: Point) -> PointStatement:
    """What answers a point, made once."""
    return model.points.made((entity.name, point), lambda: point_statement(model, entity, point))


async def read_plan(state: State, context: Context, statement: tuple[str, Sequence[Any]]) -> int:
    """The number of rows that an EXPLAIN expects."""
    sql, values = statement
    plan = await state.database(context.the_app).fetchval(sql, *values, timeout=context.remaining())
    return int(orjson.loads(plan)[0]["Plan"]["Plan Rows"])
