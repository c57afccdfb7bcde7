"""When a position of the log is settled: no transaction under way can still commit something at or below it.

Whoever takes a position holds a lock on the log's table from before that until after its commit is
visible (libs/shared/bus/outbox/relay.py). So once the sequence has been read, the transactions that hold this
lock are the only ones that may be missing.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from libs.shared.bus.outbox.writers import POLL, writers_gone
from libs.shared.postgres.databases import Database

MOST = 1_000
"""Databases whose settled moments are remembered."""

LOG = "data.commits"
NOW = """
SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS position, clock_timestamp() AS at FROM data.position
"""
# Times and positions are taken one after the other, so entries of nearly the same time may be in
# another order; nothing is further apart than a statement takes.
POSITION_AT = """
SELECT coalesce(max(position), 0) FROM data.commits
WHERE at <= $1 AND at > (SELECT max(at) FROM data.commits WHERE at <= $1) - interval '10 seconds'
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """The greatest position taken at a time."""

    position: int
    at: datetime


class Settled:
    """The last moment of each database that is known to be settled. Waits are for callers to limit."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Moment] = OrderedDict()

    async def position(self, database: Database, position: int) -> None:
        """Wait until a position is reached and settled."""
        known = self._known.get(database.name)
        if known is None or known.position < position:
            await self._without_writers(database, await reached(database, position))

    async def latest(self, database: Database) -> int:
        """Wait until the greatest position taken by now is settled; answers it."""
        moment = await now(database)
        await self._without_writers(database, moment)
        return moment.position

    async def time(self, database: Database, time: datetime) -> int:
        """Wait until a time has come and is settled; answers the greatest position up to it."""
        known = self._known.get(database.name)
        if known is None or known.at < time:
            await self._without_writers(database, await _come(database, time))
        position: int = await database.fetchval(POSITION_AT, time)
        return position

    async def _without_writers(self, database: Database, moment: Moment) -> None:
        """Wait until none of those is left who write now, and so may have taken their position before `moment`."""
        await writers_gone(database, LOG)
        self._note(database.name, moment)

    def _note(self, name: str, moment: Moment) -> None:
        self._known[name] = moment
        self._known.move_to_end(name)
        while len(self._known) > MOST:
            self._known.popitem(last=False)


async def reached(database: Database, position: int) -> Moment:
    """Wait until a position has been taken; answers the moment after."""
    pause, longest = POLL
    while (moment := await now(database)).position < position:
        await asyncio.sleep(pause)
        pause = min(pause * 2, longest)
    return moment


async def now(database: Database) -> Moment:
    """The greatest position and the time, by the database's clock."""
    row = await database.fetchrow(NOW)
    assert row is not None, "a sequence has one row"
    return Moment(row["position"], row["at"])


async def _come(database: Database, time: datetime) -> Moment:
    moment = await now(database)
    while moment.at < time:
        await asyncio.sleep((time - moment.at).total_seconds())
        moment = await now(database)
    return moment
