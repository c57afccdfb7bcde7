"""How far each app's log is settled: up to where no commit can appear any more that is not there.

Positions become visible out of order (libs/shared/bus/outbox/relay.py). Where they follow one another without
a gap there is nothing to wait for. At a gap, whoever may still fill it holds the log's table lock; when
those who hold it once the gap was seen have ended, and it is still there, it is for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from libs.shared.bus.outbox.writers import writers_gone
from libs.shared.bus.standstills import Standstills, reason_of
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database, Databases

log = structlog.get_logger()

POLL = 0.1
"""Seconds between looks at a log that somebody waits for; commits of this replica are seen at once."""
GAP_POLL = (0.002, 0.05)
"""Shortest and longest wait, in seconds, between looks at the owners of a gap."""
REST = 30.0
"""Seconds after which a log is left alone that nobody waits for."""
BATCH = 2_000
MOST_WAITING = 64
"""Those who wait at once; more are answered at once, so that waiting never takes all places of this replica."""
TABLE = "data.commits"
LIVE = "live changes"
"""What stands still while the log of an app can't be followed."""

REACHED = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM data.position"
POSITIONS = "SELECT DISTINCT position FROM data.commits WHERE position > $1 ORDER BY position LIMIT $2"


class Frontier:
    """The settled position of one log, and those who wait for it to move."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.position = -1
        self.wanted = time.monotonic()
        self._nudged = asyncio.Event()
        self._moved = asyncio.Event()

    def nudge(self) -> None:
        """Look at once: something was committed."""
        self._nudged.set()

    async def beyond(self, after: int) -> int:
        """The position, once it is beyond `after`."""
        while self.position <= after:
            self.wanted = time.monotonic()
            self._nudged.set()
            await self._moved.wait()
        return self.position

    async def follow(self, going: Callable[[], Awaitable[None]]) -> None:
        """Move on with the log, until nobody has waited for some time; calls `going` whenever it could be read."""
        if self.position < 0:
            reached = await self._database.fetchval(REACHED)
            await writers_gone(self._database, TABLE, GAP_POLL)
            self._move(reached)
        while time.monotonic() - self.wanted < REST:
            self._nudged.clear()
            advanced = await self._advance()
            await going()
            if not advanced:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._nudged.wait(), POLL)

    async def _advance(self) -> bool:
        """Move over what has been settled since; says whether there was anything."""
        positions = await self._positions()
        if not positions:
            return False
        settled = first_run(positions, self.position)
        if settled == self.position:
            # A gap right behind us: over it if it is still there when all its possible owners have ended.
            await writers_gone(self._database, TABLE, GAP_POLL)
            again = await self._positions()
            settled = first_run(again, self.position)
            if settled == self.position and again[:1] == positions[:1]:
                settled = first_run(again, again[0] - 1)
        self._move(settled)
        return True

    async def _positions(self) -> Sequence[int]:
        rows = await self._database.fetch(POSITIONS, self.position, BATCH)
        return [row["position"] for row in rows]

    def _move(self, position: int) -> None:
        if position > self.position:
            self.position = position
            self._moved.set()
            self._moved = asyncio.Event()


def first_run(positions: Sequence[int], after: int) -> int:
    """The last of the positions that follow `after` and one another without a gap; `after` if there is none."""
    for position in positions:
        if position != after + 1:
            break
        after = position
    return after


class Frontiers:
    """The frontiers of all apps that somebody waits for."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._known: dict[str, Frontier] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._waiting = 0
        self._standstills = Standstills("data", databases)

    def committed(self, app_id: str) -> None:
        """A commit was made, by this replica or one that told us."""
        if frontier := self._known.get(app_id):
            frontier.nudge()

    async def beyond(self, app: AppRef, after: int, wait: float) -> int:
        """The settled position of an app's log, once it is beyond `after` or `wait` seconds have passed."""
        crowded = self._waiting >= MOST_WAITING
        self._waiting += 1
        try:
            return await self._beyond(app, after, 0.0 if crowded else wait)
        finally:
            self._waiting -= 1

    async def _beyond(self, app: AppRef, after: int, wait: float) -> int:
        frontier = self._known.get(app.id)
        if frontier is None:
            frontier = self._known[app.id] = Frontier(self._databases.of(app))
        if app.id not in self._tasks:
            self._tasks[app.id] = asyncio.create_task(self._follow(app, frontier))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await frontier.beyond(after)
        if frontier.position < 0:
            # Not even the first look is done: who asked may ask again.
            await frontier.beyond(-1)
        return frontier.position

    async def close(self) -> None:
        """Follow no log any more."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, app: AppRef, frontier: Frontier) -> None:
        try:
            while time.monotonic() - frontier.wanted < REST:
                try:
                    await frontier.follow(partial(self._standstills.clear, app, LIVE))
                except Exception as error:
                    log.warning("live.log_not_read", app_id=app.id, error=type(error).__name__)
                    await self._standstills.note(app, LIVE, reason_of(error))
                    await asyncio.sleep(POLL * 5)
        finally:
            self._known.pop(app.id, None)
            self._tasks.pop(app.id, None)
