"""Ranges of the log, for those who derive something from it again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from libs.shared import exact
from libs.shared.contracts import records as contracts
from libs.shared.contracts.context import AppRef, Context
from libs.shared.contracts.streams import CommitEvent
from libs.shared.errors import RocketError, invalid_field
from libs.shared.paging import positive
from libs.shared.postgres.databases import Database
from libs.shared.schema import BadValue, Snapshot, parse_text
from services.data.log import positions
from services.data.log.entries import COLUMNS, LOG, Unreadable, commit_event
from services.data.request.moments import PATIENCE, TIME
from services.data.state import State

WINDOW = 20_000
"""Positions that one question looks at."""
ENTRIES = 200
"""Entries that one answer holds at most."""
INSTANT = timedelta(microseconds=1)

READ = f"""
SELECT {COLUMNS} FROM {LOG}
WHERE (_log.position, _log.n) > ($1, $2) AND _log.position >= $1 AND _log.position <= $3 AND _log.entity = $4
ORDER BY _log.position, _log.n LIMIT $5
"""


async def locate_range(state: State, context: Context, rpc_request: contracts.LocateRange) -> contracts.LogRange:
    """Raises VALIDATION_FAILED for ends that are neither positions nor times, TIMEOUT where they are not settled."""
    database = state.database(context.the_app)
    try:
        async with asyncio.timeout(min(PATIENCE, context.remaining())):
            now = (await positions.now(database)).position
            first = await _end(state, database, "from", rpc_request.since, before=True)
            last = await _end(state, database, "to", rpc_request.until, before=False) if rpc_request.until else now
            await state.settled.position(database, min(last, now))
    except TimeoutError:
        raise RocketError("TIMEOUT", "The end of this range is not settled yet") from None
    return contracts.LogRange(first, min(last, now))


async def _end(state: State, database: Database, name: str, text: str, before: bool) -> int:
    position = positive(text)
    if position:
        return position
    try:
        moment = parse_text(TIME, text)
    except BadValue:
        raise invalid_field(name, f"{name} must be a position or a time") from None
    if not before:
        return await state.settled.time(database, moment)
    return await state.settled.time(database, moment - INSTANT) + 1


async def read_entity_log(state: State, context: Context, rpc_request: contracts.ReadEntityLog) -> contracts.LogPart:
    app = context.the_app
    window = min(rpc_request.last, rpc_request.position + WINDOW)
    schema = await state.schemas.get(app)
    entity = schema.entity(rpc_request.entity)
    database = state.database(app)
    rows = await database.fetch(READ, rpc_request.position, rpc_request.n, window, entity.number, ENTRIES)
    if rows:
        schema = await state.schemas.get(app, at_least=max(row["schema_version"] for row in rows))
    body = exact.dumps(list(_readable(app, schema, rows)))
    if len(rows) == ENTRIES:
        return contracts.LogPart(rows[-1]["position"], rows[-1]["n"], body)
    # All of the window has been read; no entry has so great a number.
    return contracts.LogPart(window, 2**31 - 1, body)


def _readable(app: AppRef, schema: Snapshot, rows: Sequence[Any]) -> Iterator[CommitEvent]:
    """The events of entries; those that can't be read are dead letters of their consumers already."""
    for row in rows:
        with contextlib.suppress(Unreadable):
            yield commit_event(app, schema, row)
