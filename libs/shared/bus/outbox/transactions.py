"""The unit of work of a service: a transaction with the signals it emits and the timer for the work it leaves behind.

The timer is armed before the transaction, and the relay activated before it commits, so a crash right after the commit
loses nothing. Signals are written last in the transaction, as positions are taken when all row locks are held. After
the commit the relay is woken, and so is the worker of the timer if its time has come.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from libs.shared import clock
from libs.shared.bus.apps import Apps
from libs.shared.bus.nats.jetstream import JetStream
from libs.shared.bus.outbox.outbox import Outbox
from libs.shared.bus.outbox.relay import Relay
from libs.shared.bus.timers.due import Due
from libs.shared.bus.timers.leases import Leases
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.signals import Signal
from libs.shared.postgres.databases import Connection, Databases


class Transaction:
    """A transaction in the database of an app. `connection` runs its statements."""

    def __init__(self, app: AppRef, connection: Connection, due: Due | None, due_at: datetime | None) -> None:
        self.app = app
        self.connection = connection
        self.signals: list[Signal] = []
        self.due_at = due_at
        self._due = due

    def emit(self, *signals: Signal) -> None:
        """Publish signals, in this order, once the transaction has committed."""
        self.signals += signals

    async def schedule(self, at: datetime | None) -> None:
        """Arm a timer for work that becomes known within the transaction; None: there is none."""
        await _arm(self._due, self.app, at)
        self.due_at = min((each for each in (self.due_at, at) if each), default=None)


class Resources(Protocol):
    """What the transactions of a service need of its runtime."""

    @property
    def name(self) -> str: ...
    @property
    def databases(self) -> Databases: ...
    @property
    def stream(self) -> JetStream: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def apps(self) -> Apps: ...


class Transactions:
    """The transactions of a service. Without `due` they leave no work behind; `emitting` makes those with an outbox."""

    def __init__(self, databases: Databases, due: Due | None = None) -> None:
        self._databases = databases
        self._due = due
        self._outbox: tuple[Outbox, Relay] | None = None

    @classmethod
    def emitting(cls, core: Resources, due: Due | None = None) -> Transactions:
        """Transactions that emit signals. They are published while its `relay` is running."""
        outbox, transactions = Outbox(core.name), cls(core.databases, due)
        transactions._outbox = outbox, Relay(outbox, core.databases, core.stream, core.leases, core.apps)
        return transactions

    @property
    def relay(self) -> Relay:
        """The relay of the signals."""
        assert self._outbox is not None, "only a service with an outbox emits signals"
        return self._outbox[1]

    @contextlib.asynccontextmanager
    async def begin(
        self, app: AppRef, *, due_at: datetime | None = None, emits: bool = False
    ) -> AsyncIterator[Transaction]:
        """A transaction (READ COMMITTED): committed at the end, rolled back when the block raises.

        `due_at` is when the work that it leaves behind is due at the latest; None: it leaves none. With `emits`, which
        says that signals are likely, the relay is activated ahead, so that no lock is held meanwhile.
        """
        await _arm(self._due, app, due_at)
        if emits:
            await self.relay.activate(app)
        async with self._databases.of(app).transaction() as connection:
            transaction = Transaction(app, connection, self._due, due_at)
            yield transaction
            if transaction.signals:
                await self._write(transaction)
        if transaction.signals:
            self.relay.wake(app)
        if self._due and transaction.due_at is not None and transaction.due_at <= clock.now():
            self._due.wake(app)

    async def _write(self, transaction: Transaction) -> None:
        assert self._outbox is not None, "only a service with an outbox emits signals"
        outbox, relay = self._outbox
        await relay.activate(transaction.app)
        await outbox.emit(transaction.connection, *transaction.signals)


async def _arm(due: Due | None, app: AppRef, at: datetime | None) -> None:
    if at is not None:
        assert due is not None, "only a service with timers leaves work behind"
        await due.arm(app.id, at)
