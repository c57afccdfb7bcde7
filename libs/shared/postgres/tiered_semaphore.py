"""A semaphore whose holders may need a further permit while they hold one.

With a plain semaphore, holders that all wait for a further permit deadlock. So each permit has one of three kinds:

- a STATEMENT needs no further permit;
- a TRANSACTION may need statements elsewhere, such as arming a timer in the platform's database;
- a REQUEST, the transaction of an Idempotency-Key around a whole handler, may need transactions and statements.

Of n permits, requests have at most n - 2, and requests and transactions together at most n - 1. So no wait is endless:

- If no statement is admitted, all permits are taken, at least one of them by a statement, which ends.
- If no transaction is admitted, a statement holds a permit, or n - 1 permits are taken, at least one of them by a
  transaction. That one needs only statements, which are admitted, so it ends.
- If no request is admitted, a statement or a transaction holds a permit and ends, or n - 2 requests hold permits. They
  need only kinds that are admitted, so they end.

This holds for permits of different tasks, and for indirect waits (for a batch, a lease, a response of another service),
if each wait is for something of a lower kind. So no transaction is begun within another. Within a REQUEST around the
same database it is a savepoint and takes no permit. Locks of PostgreSQL have a timeout. It also holds for several
semaphores that are always taken in the same order, with the same kind. With fewer than three permits, each kind may
have one.
"""

from __future__ import annotations

import asyncio

from libs.shared.postgres.wait_queue import WaitQueue

STATEMENT, TRANSACTION, REQUEST = 0, 1, 2
"""The kinds of permits. The number of a kind is how many permits it leaves to the other kinds."""
KINDS = (STATEMENT, TRANSACTION, REQUEST)


class TieredSemaphore:
    """A semaphore with `limit` permits, first come, first served within a kind and among the admissible waiters."""

    __slots__ = ("_free", "_limit", "_queues", "_rest", "_waiting")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free = limit
        self._rest = {kind: max(1, limit - kind) for kind in (TRANSACTION, REQUEST)}
        """Kind → how many more permits this kind and the higher ones may take."""
        self._queues: list[WaitQueue[bool]] = [WaitQueue() for _ in KINDS]
        self._waiting = 0

    @property
    def is_unused(self) -> bool:
        """Whether no permit is held or awaited."""
        return self._free == self._limit and not self._waiting

    @property
    def waiting(self) -> int:
        """How many wait for a permit."""
        return self._waiting

    def take(self, kind: int) -> bool:
        """Take a permit if one is free."""
        if not self._free or (kind and not self._has_room(kind)):
            return False
        self._free -= 1
        if kind:
            for each in range(TRANSACTION, kind + 1):
                self._rest[each] -= 1
        return True

    async def wait(self, kind: int, until: float) -> bool:
        """Take a permit; False if none is free until then, by the loop's clock."""
        if self.take(kind):
            return True
        self._waiting += 1
        try:
            seconds = until - asyncio.get_running_loop().time()
            return bool(await self._queues[kind].wait(seconds, lambda _: self.leave(kind)))
        finally:
            self._waiting -= 1

    def leave(self, kind: int) -> None:
        """Release a permit, to the longest waiter whose kind is admissible."""
        self._free += 1
        if kind:
            for each in range(TRANSACTION, kind + 1):
                self._rest[each] += 1
        if self._waiting:
            self._admit()

    def _admit(self) -> None:
        """Admit one waiter. There is no room for a second one, because a single permit was released."""
        waiting = [(since, kind) for kind in KINDS if (since := self._queues[kind].since) and self._has_room(kind)]
        if waiting:
            _, kind = min(waiting)
            self.take(kind)
            self._queues[kind].hand(True)

    def _has_room(self, kind: int) -> bool:
        return self._free > 0 and all(self._rest[each] > 0 for each in range(TRANSACTION, kind + 1))
