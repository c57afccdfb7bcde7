"""Exports: the cursor of one statement, and so in one snapshot, read as fast as the receiver takes it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from libs.shared.contracts import records as contracts
from libs.shared.contracts.context import Context
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Database
from libs.shared.postgres.errors import SchemaMoved
from libs.shared.telemetry import tracing
from services.data.model import EntityModel, Model
from services.data.query.exports import FORMATS, SEPARATORS, TAILS, Export, export_sql, head_of, parse_export
from services.data.query.scope import Scope, check_parameters
from services.data.request.moments import moment_of
from services.data.request.schema_fence import CURRENT_VERSION, under_current_schema
from services.data.state import State

CHUNK = 256 * 1024
"""Bytes that a fetch aims at."""
FIRST, MOST = 50, 2_000
"""Rows of the first fetch, whose size tells how many the next ones should have, and of the largest."""
AT_ONCE = 8
"""Exports at once, of a process that has enough connections: each holds one as long as it is read."""
INCLUDING = 20
"""Rows of any fetch with includes: a record with its related ones may be as large as a page."""
FETCH = 60.0
"""Seconds for one fetch; the first may have to sort everything."""


def most(connections: int) -> int:
    """Exports at once of a process with so many connections: three quarters of those that transactions may have."""
    return max(1, min(AT_ONCE, (connections - 1) * 3 // 4))


async def export_records(state: State, context: Context, request: contracts.ExportRecords) -> contracts.Exported:
    as_of = await moment_of(state, context, request.query)

    async def attempt(model: Model) -> contracts.Exported:
        entity = model.entity(request.entity)
        scope = Scope(model, context.user)
        check_parameters(scope, entity, request)
        export = parse_export(scope, entity, request.query, as_of)
        sql = model.statements.made((entity.name, export), lambda: export_sql(model, entity, export))
        with tracing.span("db", "query", "query.execute") as span:
            span.metadata["statement"] = "export"
            chunks = _chunks(state.database(context.the_app), model, entity, export, sql, scope.values)
            subject = await state.streams.offer(context.the_app.id, chunks)
        return contracts.Exported(subject, FORMATS[export.format], f"{entity.name}.{export.format}")

    return await under_current_schema(state, context, attempt)


async def _chunks(
    database: Database, model: Model, entity: EntityModel, export: Export, sql: str, values: Sequence[Any]
) -> AsyncGenerator[bytes, None]:
    """First nothing, when there are rows; then the export. Raises SchemaMoved before anything is there.

    Raises PAYLOAD_TOO_LARGE where there are more related records than an answer holds: an export leaves nothing out.
    """
    separator, between = SEPARATORS[export.format], b""
    # Not REPEATABLE READ with a look at the version first: that takes the snapshot before the cursor's tables are
    # locked, and after a wait for a change that rewrites one of them it would see an empty table. Under READ COMMITTED
    # a cursor's snapshot is taken behind its locks. As versions only rise, the one that is current then was so in it.
    async with database.connection() as connection, connection.transaction(isolation="read_committed", readonly=True):
        cursor = await connection.cursor(sql, *values, timeout=FETCH)
        if await connection.fetchval(CURRENT_VERSION) != model.version:
            raise SchemaMoved
        largest = INCLUDING if export.shown.includes else MOST
        rows = await cursor.fetch(min(FIRST, largest), timeout=FETCH)
        lines = _lines(model, rows, separator)
        yield b""
        yield head_of(entity, export)
        while rows:
            yield between + lines if export.format == "json" else lines + separator
            between = separator
            rows = await cursor.fetch(min(_next(len(rows), len(lines)), largest), timeout=FETCH)
            lines = _lines(model, rows, separator)
        yield TAILS[export.format]


def _lines(model: Model, rows: Sequence[Any], separator: bytes) -> bytes:
    lines = separator.join([row["line"].encode() for row in rows])
    if model.bounds.mark.encode() in lines:
        message = f"More than {model.bounds.included} records are related to one: export those by themselves"
        raise RocketError("PAYLOAD_TOO_LARGE", message)
    return lines


def _next(rows: int, size: int) -> int:
    """How many rows to fetch after so many of so many bytes."""
    return max(1, min(MOST, rows * CHUNK // max(size, 1)))
