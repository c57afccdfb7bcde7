"""Which moment a read is about: `min_commit`."""

from __future__ import annotations

import asyncio

from libs.shared.contracts.context import Context
from libs.shared.contracts.records import Pairs
from libs.shared.errors import RocketError
from libs.shared.paging import positive
from libs.shared.postgres.databases import Database
from services.data.query.scope import refused
from services.data.state import State

PATIENCE = 3.0
"""Seconds that a read waits for a commit it is to see."""
POLL = (0.005, 0.1)
"""Shortest and longest wait, in seconds, between looks."""

LAST = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM data.position"


async def await_commit(state: State, context: Context, query: Pairs) -> None:
    """Wait until the commit that `min_commit` names is seen; reads of tables see every commit at once.

    Raises INVALID_PAYLOAD for no position, TIMEOUT for one that is not reached in time.
    """
    text = dict(query).get("min_commit") if query else None
    if text is None:
        return
    position = positive(text)
    if not position:
        raise refused("min_commit", "must be a position")
    database = state.database(context.the_app)
    try:
        async with asyncio.timeout(min(PATIENCE, context.remaining())):
            await _reached(database, position)
    except TimeoutError:
        raise RocketError("TIMEOUT", f"The commit {position} has not been made yet") from None


async def _reached(database: Database, position: int) -> None:
    pause, longest = POLL
    while await database.fetchval(LAST) < position:
        await asyncio.sleep(pause)
        pause = min(pause * 2, longest)
