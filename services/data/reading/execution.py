"""Running reading statements: traced, within the deadline, under the schema they were compiled for."""

from __future__ import annotations

from typing import Any

from libs.shared.contracts.context import Context
from libs.shared.postgres.errors import SchemaMoved
from libs.shared.telemetry import tracing
from services.data.model import EntityModel, KeyValue, Model
from services.data.permissions import Grant
from services.data.query.statements import get_statement
from services.data.state import State


async def read(state: State, context: Context, model: Model, statement: tuple[str, list[Any]]) -> Any:
    """One row of a reading statement. Raises SchemaMoved when it was compiled for another schema."""
    sql, values = statement
    with tracing.span("db", "query", "query.execute") as span:
        row = await state.database(context.the_app).fetchrow(sql, *values, timeout=context.remaining())
        span.metadata["statement"] = "select"
    if row is None or row["schema_version"] != model.version:
        raise SchemaMoved
    return row


async def read_point(
    state: State, context: Context, model: Model, entity: EntityModel, key: KeyValue, grant: Grant
) -> Any:
    """One record as `get_statement` answers it; together with others where everything may be read."""
    if grant.alternatives is not None:
        return await read(state, context, model, get_statement(entity, key, grant))
    with tracing.span("db", "query", "query.execute") as span:
        row = await state.points.read(state.database(context.the_app), entity, key)
        span.metadata["statement"] = "select"
    if row["schema_version"] != model.version:
        raise SchemaMoved
    return row
