"""Lets several gateways count as one: each announces the tokens it has issued, a few times a second.

No request waits for that. What others have given out is taken from the same buckets here, below zero if need be. So in
the long run all gateways together give out as much as one would; during a debt, nothing. Until they have heard of each
other, each may give out a burst: gateways × burst is the most at once. While NATS is away, each limits by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import time
from collections.abc import Iterator

from libs.shared.bus.nats.connection import Connection
from libs.shared.contracts.limits import QuotaSpent
from services.gateway.limits.limiter import Limiter

INTERVAL_S = 0.25
"""Between two announcements."""
MAX_BUCKETS_PER_MESSAGE = 5_000


class Exchange:
    """What this gateway announces, and takes from announcements of others."""

    def __init__(self, limiter: Limiter, connection: Connection) -> None:
        self._limiter = limiter
        self._connection = connection
        self._name = secrets.token_hex(8)

    def listen(self) -> None:
        """Take from our buckets what others have given out."""
        self._connection.on_announcement(QuotaSpent, self._heard)

    async def announce(self) -> None:
        """Announce what we have given out since the last time."""
        for kind, spent in self._spent():
            await self._connection.announce(QuotaSpent(self._name, kind, spent))

    def _spent(self) -> Iterator[tuple[str, dict[str, int]]]:
        for kind, buckets in self._limiter.kinds.items():
            spent = iter(buckets.spent().items())
            while part := dict(itertools.islice(spent, MAX_BUCKETS_PER_MESSAGE)):
                yield kind, part

    def _heard(self, message: QuotaSpent) -> None:
        buckets = self._limiter.kinds.get(message.kind)
        if buckets is None or message.gateway == self._name:
            return
        now = time.monotonic()
        for key, tokens in message.spent.items():
            buckets.spent_elsewhere(key, tokens, now)


async def share_quotas(limiter: Limiter | None, connection: Connection) -> None:
    """Announce, until cancelled."""
    if limiter is None:
        await asyncio.Event().wait()
        return
    exchange = Exchange(limiter, connection)
    exchange.listen()
    while True:
        await asyncio.sleep(INTERVAL_S)
        with contextlib.suppress(OSError):
            await exchange.announce()
