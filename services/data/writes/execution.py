"""Committing a write: relay ready, statement run, relay told."""

from __future__ import annotations

from typing import Any

from libs.shared.contracts.context import Context
from libs.shared.telemetry import tracing
from services.data.model import EntityModel
from services.data.state import State
from services.data.writes.statements import Statement

GUARD = "SELECT pg_advisory_xact_lock(hashtextextended($1, $2))"


async def commit(
    state: State,
    context: Context,
    entity: EntityModel,
    action: str,
    statement: Statement,
    guard: str | None = None,
) -> Any | None:
    """Run a writing statement; answers its row (position, version, record) or None.

    `guard` is the record's key where clients give keys: creation and deletion of the same key then
    follow one another, so that versions go on where they ended.
    """
    app = context.the_app
    await state.relay.activate(app)
    sql, values = statement
    database = state.database(app)
    with tracing.span("engine", "writer", action, entity.name) as span:
        with tracing.span("db", "query", "query.execute", entity.name):
            if guard is None:
                row = await database.fetchrow(sql, *values, timeout=context.remaining())
            else:
                async with database.transaction() as transaction:
                    await transaction.execute(GUARD, guard, entity.number)
                    row = await transaction.fetchrow(sql, *values, timeout=context.remaining())
        if row is not None:
            span.metadata["version"] = row["version"]
            state.relay.wake(app)
    return row
