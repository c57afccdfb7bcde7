"""Leases in the platform database, for work that one replica does at a time.

A lease lapses TTL_S seconds after its last renewal, so a killed replica blocks nothing. A replica that restarts under
the same name takes its leases back at once. Leases avoid double work; correctness rests on fences (the expected last
sequence, the inbox), as a paused process can believe that it has a lease which it has lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable

import structlog

from libs.shared.postgres.databases import Databases

log = structlog.get_logger()

TTL_S = 6.0
"""Seconds a lease outlives its holder's last renewal."""
RENEW_INTERVAL_S = TTL_S / 4

CLAIM = """
INSERT INTO bus.leases AS l (name, holder, until)
SELECT name, $2, now() + $3 * interval '1 second' FROM unnest($1::text[]) AS name
ON CONFLICT (name) DO UPDATE SET holder = $2, until = excluded.until
WHERE l.holder = $2 OR l.until < now()
RETURNING name
"""
RELEASE = "DELETE FROM bus.leases WHERE holder = $1 AND name = ANY($2::text[])"
COUNT = "SELECT count(*) FROM bus.leases WHERE starts_with(name, $1) AND until > now()"


class Leases:
    """The leases of one replica. `holder` names it, the same after a restart."""

    def __init__(self, databases: Databases, service: str, holder: str) -> None:
        self._db = databases.platform
        self._service = service
        self._holder = holder
        self._held: dict[str, float] = {}
        self._replicas = 1
        self._presence = f"replica/{service}/"
        # A renewal that is on its way must not revive a lease that is given back.
        self._changing = asyncio.Lock()

    @property
    def replicas(self) -> int:
        """How many replicas of this service are alive, this one included."""
        return self._replicas

    def holds(self, name: str) -> bool:
        """Whether this replica holds the lease now, by its own clock."""
        return self._held.get(name, 0.0) > time.monotonic()

    async def claim(self, names: Iterable[str]) -> set[str]:
        """Take or renew leases. Returns those that this replica holds now."""
        async with self._changing:
            return await self._claim(names)

    async def _claim(self, names: Iterable[str]) -> set[str]:
        wanted = sorted(set(names))
        before = time.monotonic()
        rows = await self._db.fetch(CLAIM, wanted, self._holder, TTL_S, timeout=TTL_S / 2)
        ours = {row["name"] for row in rows}
        for name in wanted:
            if name in ours:
                self._held[name] = before + TTL_S
            else:
                self._held.pop(name, None)
        return ours

    async def release(self, names: Collection[str]) -> None:
        """Give leases back, so that another replica need not wait for them to lapse."""
        async with self._changing:
            for name in names:
                self._held.pop(name, None)
            if names:
                await self._db.execute(RELEASE, self._holder, list(names), timeout=TTL_S / 2)

    async def keep(self) -> None:
        """Renew all held leases and our presence, until cancelled; releases them at the end."""
        try:
            while True:
                try:
                    async with self._changing:
                        await self._claim([*self._held, self._presence + self._holder])
                    self._replicas = max(1, await self._db.fetchval(COUNT, self._presence, timeout=TTL_S / 2))
                except Exception as error:
                    log.warning("leases.not_renewed", error=str(error))
                await asyncio.sleep(RENEW_INTERVAL_S)
        finally:
            try:
                await asyncio.wait_for(self.release(list(self._held)), 1)
            except Exception as error:
                log.warning("leases.not_released", error=str(error) or type(error).__name__)
