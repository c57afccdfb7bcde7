"""So many places at once, for those who may need a further one while they have one.

Everybody taking one where one is free is the classic way to stand still: all are taken by those who wait for a
further one. So each says what it is for, and there are three kinds, each of which may need more:

- a STATEMENT needs nothing further;
- a TRANSACTION may need statements elsewhere, such as a timer that is armed in the platform's database;
- a REQUEST, the transaction of an Idempotency-Key around a whole handler, may need transactions and statements.

Of n places, requests have n - 2 at most, and requests and transactions together n - 1. Then nobody waits for ever:

- Where no statement gets in, all places are taken, one of them by a statement, which ends.
- Where no transaction gets in, a statement has a place, or all n - 1 are taken, one of them by a transaction; that
  needs statements only, which get in, so it ends.
- Where no request gets in, a statement or a transaction has a place, which ends, or n - 2 requests have theirs; these
  need only what gets in, so they end.

It does not matter which task has what, nor by what other means somebody waits (for a batch, a lease, an answer of
another service), as long as it is for something of a lower kind. So no transaction is begun within another; within a
REQUEST that encloses the same database it is a savepoint and takes no place. Locks of PostgreSQL have a time-out.
It holds for several such counts as well, where everybody comes to them in the same order, as the same kind. Fewer
than three places can't do for three kinds: there each kind may have one.
"""

from __future__ import annotations

import asyncio

from libs.shared.postgres.wait_queue import WaitQueue

STATEMENT, TRANSACTION, REQUEST = 0, 1, 2
"""What a place is for. As a number: how many places it leaves to the others."""
KINDS = (STATEMENT, TRANSACTION, REQUEST)


class TieredSemaphore:
    """`limit` places. First come, first served, within a kind and among those who can get in."""

    __slots__ = ("_free", "_limit", "_queues", "_rest", "_waiting")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free = limit
        self._rest = {kind: max(1, limit - kind) for kind in (TRANSACTION, REQUEST)}
        """Kind → how many more may come in of it and of those that may need it."""
        self._queues: list[WaitQueue[bool]] = [WaitQueue() for _ in KINDS]
        self._waiting = 0

    @property
    def is_unused(self) -> bool:
        """Whether nobody has one or waits for one."""
        return self._free == self._limit and not self._waiting

    def take(self, kind: int) -> bool:
        """Take a place if there is one."""
        if not self._free or (kind and not self._has_room(kind)):
            return False
        self._free -= 1
        if kind:
            for each in range(TRANSACTION, kind + 1):
                self._rest[each] -= 1
        return True

    async def wait(self, kind: int, until: float) -> bool:
        """Take a place; False if there is none until then, by the loop's clock."""
        if self.take(kind):
            return True
        self._waiting += 1
        try:
            seconds = until - asyncio.get_running_loop().time()
            return bool(await self._queues[kind].wait(seconds, lambda _: self.leave(kind)))
        finally:
            self._waiting -= 1

    def leave(self, kind: int) -> None:
        """Give a place back, to whoever has waited longest of those who can have it."""
        self._free += 1
        if kind:
            for each in range(TRANSACTION, kind + 1):
                self._rest[each] += 1
        if self._waiting:
            self._admit()

    def _admit(self) -> None:
        """Let one in: there is no room for a second, as there was none for anybody who waits before one left."""
        waiting = [(since, kind) for kind in KINDS if (since := self._queues[kind].since) and self._has_room(kind)]
        if waiting:
            _, kind = min(waiting)
            self.take(kind)
            self._queues[kind].hand(True)

    def _has_room(self, kind: int) -> bool:
        return self._free > 0 and all(self._rest[each] > 0 for each in range(TRANSACTION, kind + 1))
