"""Reads of the log by other services: missed parts of the stream, and ranges to derive again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from libs.shared import exact
from libs.shared.bus.outbox.log_batches import encode_entries
from libs.shared.contracts import commits as commits_contracts
from libs.shared.contracts.context import AppRef, Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.streams import CommitEvent
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.paging import positive
from libs.shared.postgres.databases import Database
from libs.shared.schema import BadValue, Snapshot, parse_text
from services.data.log import store
from services.data.log.entries import Unreadable, commit_event
from services.data.request.moments import MOMENT_TIMEOUT_S, TIME
from services.data.state import State

MAX_ENTRIES = 500
"""Entries of one `read_log`."""
MAX_POSITIONS = 20_000
"""Positions that one `read_entity_log` looks at."""
MAX_ENTITY_ENTRIES = 200
"""Entries of one `read_entity_log`."""
MICROSECOND = timedelta(microseconds=1)


async def fetch_commit(state: State, context: Context, request: commits_contracts.FetchCommit) -> Response:
    row = await store.load_entry(state.database(context.the_app), request.position, request.n)
    if row is None:
        raise not_found("Commit")
    schema = await state.schemas.get(context.the_app, at_least=row["schema_version"])
    return Response(body=exact.dumps(commit_event(context.the_app, schema, row)))


async def read_log(state: State, context: Context, request: commits_contracts.ReadLog) -> Response:
    app = context.the_app
    database = state.database(app)
    settled = await state.settled.wait_for_latest(database)
    head = await store.head_position(database)
    until = min(settled, request.until or settled)
    after = (request.position, request.n)
    rows = await state.log.read(app, database, after, min(request.most, MAX_ENTRIES)) if request.most else []
    body = encode_entries(row for row in rows if row.position[0] <= until)
    return Response(body=body, headers={"head": str(min(head, settled))})


async def locate_range(
    state: State, context: Context, request: commits_contracts.LocateRange
) -> commits_contracts.LogRange:
    """The positions of a range given by positions or times.

    Raises VALIDATION_FAILED for ends that are neither, TIMEOUT for ends that are not settled in time.
    """
    database = state.database(context.the_app)
    try:
        async with asyncio.timeout(min(MOMENT_TIMEOUT_S, context.remaining())):
            now = await store.taken_position(database)
            first = await _range_end(state, database, "from", request.since, before=True)
            last = await _range_end(state, database, "to", request.until, before=False) if request.until else now
            await state.settled.wait_for_position(database, min(last, now))
    except TimeoutError:
        raise RocketError("TIMEOUT", "The end of this range is not settled yet") from None
    return commits_contracts.LogRange(first, min(last, now))


async def _range_end(state: State, database: Database, name: str, text: str, before: bool) -> int:
    position = positive(text)
    if position:
        return position
    try:
        moment = parse_text(TIME, text)
    except BadValue:
        raise invalid_field(name, f"{name} must be a position or a time") from None
    if not before:
        return await state.settled.wait_for_time(database, moment)
    return await state.settled.wait_for_time(database, moment - MICROSECOND) + 1


async def read_entity_log(
    state: State, context: Context, request: commits_contracts.ReadEntityLog
) -> commits_contracts.LogPart:
    app = context.the_app
    window = min(request.last, request.position + MAX_POSITIONS)
    schema = await state.schemas.get(app)
    entity = schema.entity(request.entity)
    database = state.database(app)
    rows = await database.fetch(
        store.BEHIND_OF_ENTITY, request.position, request.n, window, entity.number, MAX_ENTITY_ENTRIES
    )
    if rows:
        schema = await state.schemas.get(app, at_least=max(row["schema_version"] for row in rows))
    body = exact.dumps(list(_readable(app, schema, rows)))
    if len(rows) == MAX_ENTITY_ENTRIES:
        return commits_contracts.LogPart(rows[-1]["position"], rows[-1]["n"], body)
    # All of the window has been read; no entry has so great an n.
    return commits_contracts.LogPart(window, 2**31 - 1, body)


def _readable(app: AppRef, schema: Snapshot, rows: Sequence[Any]) -> Iterator[CommitEvent]:
    """The events of entries, without those that can't be read: they are dead letters of their consumers already."""
    for row in rows:
        with contextlib.suppress(Unreadable):
            yield commit_event(app, schema, row)
