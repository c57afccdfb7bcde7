"""Extends the hash chain of each log after the relay: published entries are settled, and no write waits."""

from __future__ import annotations

import asyncio

import structlog

from libs.shared.bus.standstills import Standstills, reason_of
from libs.shared.concurrency.tasks import TaskSet
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Databases
from services.data.integrity import store
from services.data.integrity.blocks import make_block, signing_key

log = structlog.get_logger()

MAX_APPS = 2
"""Apps whose chains are extended at once."""
STANDSTILL = "seals"


class HashChain:
    """The hash chains of all apps whose relays this replica leads."""

    def __init__(self, databases: Databases, secret: str) -> None:
        self._databases = databases
        self._secret = secret
        self._wanted: dict[str, int] = {}
        self._tasks = TaskSet("hash chain")
        self._free = asyncio.Semaphore(MAX_APPS)
        self._standstills = Standstills("data", databases)

    def extend_soon(self, app: AppRef, position: int) -> None:
        """Extend the chain up to a settled position in the background."""
        is_running = app.id in self._wanted
        self._wanted[app.id] = position
        if not is_running:
            self._tasks.start(self._run(app))

    async def extend(self, app: AppRef, position: int) -> None:
        """Extend the chain up to a settled position, block by block."""
        while await self._append(app, position):
            pass

    async def close(self) -> None:
        """Extend no chain any more; the next leader goes on."""
        await self._tasks.close()

    async def _run(self, app: AppRef) -> None:
        done = -1
        try:
            while (wanted := self._wanted[app.id]) > done:
                async with self._free:
                    await self.extend(app, wanted)
                done = wanted
            await self._standstills.clear(app, STANDSTILL)
        except Exception as error:
            log.warning("seals.not_made", app_id=app.id, error=str(error) or type(error).__name__)
            await self._standstills.note(app, STANDSTILL, reason_of(error))
        finally:
            self._wanted.pop(app.id, None)

    async def _append(self, app: AppRef, until: int) -> bool:
        """Append one block; returns whether there may be more to append."""
        async with self._databases.of(app).transaction() as transaction:
            if not await store.try_lock(transaction):
                return False
            after, previous = await store.newest(transaction)
            end = await store.block_end(transaction, after, until)
            if end is None:
                return False
            rows = await store.digests(transaction, after, end)
            key = signing_key(self._secret, app.id)
            await store.insert(transaction, make_block(key, previous, after + 1, end, [row["digest"] for row in rows]))
        return end < until
