"""The chunks of an export: the cursor of one statement, and so one snapshot, read as fast as the receiver takes it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Database
from services.data.model import EntityModel, Model
from services.data.model.version import check_current
from services.data.query.exports import SEPARATORS, TAILS, Export, head_of

CHUNK_BYTES = 256 * 1024
"""Bytes that a fetch aims at."""
FIRST_ROWS, MAX_ROWS = 50, 2_000
"""Rows of the first fetch, whose size decides how many the next ones have, and of the largest."""
MAX_ROWS_WITH_INCLUDES = 20
"""Rows of any fetch with includes: a record with its related ones may be as large as a page."""
FETCH_TIMEOUT_S = 60.0
"""Seconds for one fetch; the first may have to sort everything."""
MAX_EXPORTS = 8
"""Exports at once, of a process that has enough connections: each holds one as long as it is read."""


def max_exports(connections: int) -> int:
    """Exports at once of a process with so many connections: three quarters of those that transactions may have."""
    return max(1, min(MAX_EXPORTS, (connections - 1) * 3 // 4))


async def export_chunks(
    database: Database, model: Model, entity: EntityModel, export: Export, sql: str, values: Sequence[Any]
) -> AsyncGenerator[bytes, None]:
    """An empty chunk once the first rows are there, then the export.

    Raises SchemaMoved before the first chunk, and PAYLOAD_TOO_LARGE where a record has more related records than a
    response may hold, as an export leaves nothing out.
    """
    separator, between = SEPARATORS[export.format], b""
    # Not REPEATABLE READ with a look at the version first: that takes the snapshot before the cursor's tables are
    # locked, and after a wait for a change that rewrites one of them it would see an empty table. Under READ COMMITTED
    # a cursor's snapshot is taken after its locks. As versions only rise, the version current then was current in it.
    async with database.connection() as connection, connection.transaction(isolation="read_committed", readonly=True):
        cursor = await connection.cursor(sql, *values, timeout=FETCH_TIMEOUT_S)
        await check_current(connection, model)
        largest = MAX_ROWS_WITH_INCLUDES if export.output.includes else MAX_ROWS
        rows = await cursor.fetch(min(FIRST_ROWS, largest), timeout=FETCH_TIMEOUT_S)
        lines = _lines(model, rows, separator)
        yield b""
        yield head_of(entity, export)
        while rows:
            yield between + lines if export.format == "json" else lines + separator
            between = separator
            rows = await cursor.fetch(min(_next_rows(len(rows), len(lines)), largest), timeout=FETCH_TIMEOUT_S)
            lines = _lines(model, rows, separator)
        yield TAILS[export.format]


def _lines(model: Model, rows: Sequence[Any], separator: bytes) -> bytes:
    lines = separator.join([row["line"].encode() for row in rows])
    if model.bounds.mark.encode() in lines:
        message = f"More than {model.bounds.included} records are related to one: export those by themselves"
        raise RocketError("PAYLOAD_TOO_LARGE", message)
    return lines


def _next_rows(rows: int, size: int) -> int:
    """How many rows to fetch next, after so many of so many bytes."""
    return max(1, min(MAX_ROWS, rows * CHUNK_BYTES // max(size, 1)))
