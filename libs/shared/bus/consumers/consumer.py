"""The definition of a consumer: how a service reacts to the events of a stream.

    plan(state, app, events) -> Plan            decides, and may read; before the transaction
    apply(state, transaction, reactions)        writes; in the transaction that adds the events to the inbox
    wake(state, app, reactions)                 wakes workers; after the commit

The loop (app_worker.py, reactor.py) does all else: each event has its effect once, events of a record have theirs in
order, and events that can't be handled become dead letters with the later events of their record behind them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from libs.shared import exact
from libs.shared.bus.consumers.incoming import Loads
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import StreamSpec

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Plan:
    """The reactions to events, one for each, in order. An event whose reaction is None needs no transaction.

    `due_at` is the latest time at which work created by the reactions is due; a timer is armed for it.
    """

    reactions: Sequence[Any]
    due_at: datetime | None = None


class Topics(Protocol):
    """The topics that a service subscribes to at one schema version of an app."""

    def matches(self, entity: str, action: str) -> bool:
        """Whether anything subscribes to commits of an entity with an action."""
        ...


class TopicFilter(Protocol):
    """The topics of all apps and versions, mostly `snapshots.subscriptions.Subscriptions`."""

    async def prepare(self, app: AppRef, versions: Iterable[int]) -> None:
        """Load the topics of these versions for `at`."""
        ...

    def at(self, app: AppRef, version: int) -> Topics:
        """The topics of a version."""
        ...


@dataclass(frozen=True, slots=True)
class Consumer(Generic[S]):
    """How a service reacts to a stream; `loads` decodes the JSON of its events.

    A consumer of commits with `topics` gets those that match them, by the schema version of each commit, and with
    `effects` those whose transitions have effects; other commits are not decoded, and most do not arrive, as they are
    published as quiet ones. Without `topics` it gets all. The reactions of a `commutative` consumer have no order: dead
    letters hold nothing back. `linger` are the seconds to wait for more events before a transaction, for consumers
    whose effects are not urgent.
    """

    name: str
    stream: StreamSpec
    plan: Callable[[S, AppRef, Sequence[Any]], Awaitable[Plan]]
    apply: Callable[[S, Transaction, Sequence[Any]], Awaitable[None]]
    wake: Callable[[S, AppRef, Sequence[Any]], None] | None = None
    topics: Callable[[S], TopicFilter] | None = None
    effects: bool = False
    commutative: bool = False
    linger: float = 0.0
    loads: Loads = exact.loads
