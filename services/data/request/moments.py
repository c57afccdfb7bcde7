"""Which moment a read is about: `as_of`, a time or position in the past; `min_commit`, a commit to be seen."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from libs.shared import clock
from libs.shared.contracts.context import Context
from libs.shared.contracts.records import Pairs
from libs.shared.errors import RocketError
from libs.shared.paging import positive
from libs.shared.postgres.databases import Database
from libs.shared.schema import BadValue, FieldDefinition, parse_text
from services.data.log.positions import reached
from services.data.query.scope import refused
from services.data.state import State

PATIENCE = 3.0
"""Seconds that a read waits for its moment."""
TIME = FieldDefinition(name="as_of", type="timestamp")


async def moment_of(state: State, context: Context, query: Pairs) -> int | None:
    """The position that `as_of` means, or None for now; waits for it, and for the commit of `min_commit`.

    Raises INVALID_PAYLOAD for what is no moment or lies in the future, TIMEOUT for a moment that is
    not reached or settled in time.
    """
    if not query:
        return None
    parameters = dict(query)
    if "as_of" not in parameters and "min_commit" not in parameters:
        return None
    database = state.database(context.the_app)
    try:
        async with asyncio.timeout(min(PATIENCE, context.remaining())):
            if "min_commit" in parameters:
                # Tables show every commit at once, so it is seen when it has been made.
                await reached(database, _position("min_commit", parameters["min_commit"]))
            return await _meant(state, database, parameters["as_of"]) if "as_of" in parameters else None
    except TimeoutError:
        raise RocketError("TIMEOUT", "The moment asked for has not come yet, or is not settled") from None


async def _meant(state: State, database: Database, text: str) -> int:
    if text.isascii() and text.isdigit():
        position = _position("as_of", text)
        await state.settled.position(database, position)
        return position
    return await state.settled.time(database, _time(text))


def _position(name: str, text: str) -> int:
    position = positive(text)
    if not position:
        raise refused(name, "must be a position")
    return position


def _time(text: str) -> datetime:
    try:
        moment: datetime = parse_text(TIME, text)
    except BadValue as problem:
        raise refused("as_of", f"{problem}, or a position") from None
    if moment - clock.now() > timedelta(seconds=PATIENCE):
        raise refused("as_of", "must not lie in the future")
    return moment
