"""Several gateways count as one: each tells the others what it has given out, a few times a second.

A request never waits for that. What was given out elsewhere is taken from the same buckets here, below zero
if need be, so in the long run all gateways together give out what one would; for the length of a debt, nothing.
Until they have heard of each other, each may give out a burst: gateways × burst is the most that can come at
once. While NATS is away, each limits by itself.
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

EVERY = 0.25
"""Seconds between two tellings."""
AT_ONCE = 5_000
"""Buckets in one message."""


class Exchange:
    """One gateway's part in the counting."""

    def __init__(self, limiter: Limiter, connection: Connection) -> None:
        self._limiter = limiter
        self._connection = connection
        self._name = secrets.token_hex(8)

    def listen(self) -> None:
        """Take from our buckets what others have given out."""
        self._connection.on_announcement(QuotaSpent, self._heard)

    async def tell(self) -> None:
        """Tell the others what we have given out since the last time."""
        for kind, spent in self._spent():
            await self._connection.announce(QuotaSpent(self._name, kind, spent))

    def _spent(self) -> Iterator[tuple[str, dict[str, int]]]:
        for kind, buckets in self._limiter.kinds.items():
            spent = iter(buckets.spent().items())
            while part := dict(itertools.islice(spent, AT_ONCE)):
                yield kind, part

    def _heard(self, message: QuotaSpent) -> None:
        buckets = self._limiter.kinds.get(message.kind)
        if buckets is None or message.gateway == self._name:
            return
        now = time.monotonic()
        for key, tokens in message.spent.items():
            buckets.spent_elsewhere(key, tokens, now)


async def share_quotas(limiter: Limiter | None, connection: Connection) -> None:
    """Tell the other gateways, for as long as this one runs."""
    if limiter is None:
        await asyncio.Event().wait()
        return
    exchange = Exchange(limiter, connection)
    exchange.listen()
    while True:
        await asyncio.sleep(EVERY)
        with contextlib.suppress(OSError):
            await exchange.tell()
