"""Sealing, as the relay moves on: what it has published is settled, and nobody waits for us."""

from __future__ import annotations

import asyncio

import structlog

from libs.shared.bus.standstills import Standstills, reason_of
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Databases
from services.data.integrity import store
from services.data.integrity.blocks import key_of, seal_of

log = structlog.get_logger()

WIDTH = 2
"""Apps sealed at once."""


class Sealer:
    """Seals the logs of all apps whose relays this replica leads."""

    def __init__(self, databases: Databases, secret: str) -> None:
        self._databases = databases
        self._secret = secret
        self._wanted: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(WIDTH)
        self._standstills = Standstills("data", databases)

    def settled(self, app: AppRef, position: int) -> None:
        """Seal up to a settled position, soon."""
        running = app.id in self._wanted
        self._wanted[app.id] = position
        if not running:
            task = asyncio.create_task(self._run(app))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Seal no more; whoever leads next goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def seal(self, app: AppRef, position: int) -> None:
        """Seal everything up to a settled position, range by range."""
        while await self._next_range(app, position):
            pass

    async def _run(self, app: AppRef) -> None:
        done = -1
        try:
            while (wanted := self._wanted[app.id]) > done:
                async with self._free:
                    await self.seal(app, wanted)
                done = wanted
            await self._standstills.clear(app, "seals")
        except Exception as error:
            log.warning("seals.not_made", app_id=app.id, error=str(error) or type(error).__name__)
            await self._standstills.note(app, "seals", reason_of(error))
        finally:
            self._wanted.pop(app.id, None)

    async def _next_range(self, app: AppRef, until: int) -> bool:
        """One seal; whether there may be more to seal."""
        async with self._databases.of(app).transaction() as transaction:
            if not await store.try_lock(transaction):
                return False
            after, previous = await store.newest(transaction)
            end = await store.range_end(transaction, after, until)
            if end is None:
                return False
            rows = await store.digests(transaction, after, end)
            key = key_of(self._secret, app.id)
            await store.insert(transaction, seal_of(key, previous, after + 1, end, [row["digest"] for row in rows]))
        return end < until
