"""Waits until positions and times are settled: no transaction under way can still commit something at or below them.

A position that was taken is settled once the writers of that moment have ended (bus/outbox/watermark.py).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cachetools import LRUCache

from libs.shared.bus.outbox.watermark import Watermark
from libs.shared.bus.outbox.writers import POLL_S, close_taken
from libs.shared.postgres.databases import Database
from services.data.log.store import LOG_TABLE, Moment, position_at, taken_at

BEGINNING = datetime.min.replace(tzinfo=UTC)
MAX_DATABASES = 1_000
"""Databases whose last settled moment is cached."""


@dataclass(slots=True)
class _Settled:
    """What is settled in one database: up to which position, and up to when."""

    watermark: Watermark = field(default_factory=Watermark)
    until: datetime = BEGINNING


class SettledPositions:
    """What is known to be settled in each database. Callers limit how long they wait."""

    def __init__(self) -> None:
        self._known: LRUCache[str, _Settled] = LRUCache(MAX_DATABASES)

    async def wait_for_position(self, database: Database, position: int) -> None:
        """Wait until a position is reached and settled."""
        settled = self._settled(database)
        if settled.watermark.position < position:
            await _settle(settled, database, await reach_position(database, position))

    async def wait_for_latest(self, database: Database) -> int:
        """Wait until the greatest position taken so far is settled; returns it."""
        moment = await taken_at(database)
        await _settle(self._settled(database), database, moment)
        return moment.position

    async def wait_for_time(self, database: Database, time: datetime) -> int:
        """Wait until a time has passed and is settled; returns the greatest position up to it."""
        settled = self._settled(database)
        if settled.until < time:
            await _settle(settled, database, await _reach_time(database, time))
        return await position_at(database, time)

    def _settled(self, database: Database) -> _Settled:
        settled = self._known.get(database.name)
        if settled is None:
            settled = self._known[database.name] = _Settled()
        return settled


async def _settle(settled: _Settled, database: Database, moment: Moment) -> None:
    """Wait for all who write now, and so may have taken their position before `moment`."""
    await close_taken(settled.watermark, database, LOG_TABLE, moment.position)
    settled.until = max(settled.until, moment.at)


async def reach_position(database: Database, position: int) -> Moment:
    """Wait until a position has been taken; returns the moment after."""
    pause, longest = POLL_S
    while (moment := await taken_at(database)).position < position:
        await asyncio.sleep(pause)
        pause = min(pause * 2, longest)
    return moment


async def _reach_time(database: Database, time: datetime) -> Moment:
    moment = await taken_at(database)
    while moment.at < time:
        await asyncio.sleep((time - moment.at).total_seconds())
        moment = await taken_at(database)
    return moment
