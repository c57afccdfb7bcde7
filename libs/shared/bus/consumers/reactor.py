"""One reaction: relevant events are decoded, planned, and applied in one transaction with the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from libs.shared.bus.consumers import dead_letters
from libs.shared.bus.consumers.consumer import Consumer, Plan
from libs.shared.bus.consumers.inbox import Inbox
from libs.shared.bus.consumers.incoming import Incoming
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.commits import FetchCommit
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Connection
from libs.shared.telemetry.metrics import metrics

S = TypeVar("S")

FETCH_TIMEOUT_S = 10.0
"""Seconds to fetch an event that was published as a reference."""

Planned = tuple[Incoming, Any]
"""An event and its reaction."""


class Reactor(Generic[S]):
    """The reactions of one consumer."""

    def __init__(
        self, service: str, consumer: Consumer[S], state: S, transactions: Transactions, rpc: RpcClient
    ) -> None:
        self._service = service
        self._consumer = consumer
        self._state = state
        self._transactions = transactions
        self._rpc = rpc
        self._inbox = Inbox(service, consumer.name)

    async def react(self, app: AppRef, batch: Sequence[Incoming]) -> None:
        """React to events, each once, whenever it was delivered before. Raises what plan and apply raise."""
        consumer = self._consumer
        batch = await self._relevant(app, batch)
        if not batch:
            return
        for incoming in batch:
            await self._load(app, incoming)
        plan = await consumer.plan(self._state, app, [incoming.event for incoming in batch])
        planned = [each for each in zip(batch, plan.reactions, strict=True) if each[1] is not None]
        if not planned:
            return
        await self._apply(app, planned, plan)
        if consumer.wake:
            consumer.wake(self._state, app, [reaction for _, reaction in planned])

    async def keep(self, app: AppRef, incoming: Incoming, error: str, attempts: int) -> None:
        """Make an event a dead letter."""
        async with self._transactions.begin(app) as transaction:
            await self._inbox.add(transaction.connection, [incoming.key])
            await self._keep(transaction.connection, incoming, error, attempts)

    async def _relevant(self, app: AppRef, batch: Sequence[Incoming]) -> Sequence[Incoming]:
        """The events without commits to which nothing subscribes, judged by their envelope."""
        if self._consumer.topics is None:
            return batch
        noticed = [(incoming, incoming.notice) for incoming in batch]
        versions = {notice.schema_version for _, notice in noticed if notice}
        topics = self._consumer.topics(self._state)
        if versions:
            await topics.prepare(app, versions)
        matches = {version: topics.at(app, version).matches for version in versions}
        return [
            incoming
            for incoming, notice in noticed
            if notice is None
            or (self._consumer.effects and notice.has_effects)
            or matches[notice.schema_version](notice.entity, notice.action)
        ]

    async def _load(self, app: AppRef, incoming: Incoming) -> None:
        """Decode an event; one too large for the stream is fetched from the log."""
        loads = self._consumer.loads
        incoming.decode(loads)
        if incoming.is_reference:
            position, n = incoming.event.position, incoming.event.n
            context = incoming.context(app).within(FETCH_TIMEOUT_S)
            whole = await self._rpc.request(FetchCommit(position=position, n=n), context)
            incoming.replace(whole.body, loads)

    async def _apply(self, app: AppRef, planned: Sequence[Planned], plan: Plan) -> None:
        """Inbox and effects in one transaction."""
        async with self._transactions.begin(app, due_at=plan.due_at) as transaction:
            connection = transaction.connection
            new = await self._inbox.add(connection, [incoming.key for incoming, _ in planned])
            blocked = await self._blocked(connection, planned)
            reactions = []
            for incoming, reaction in _first_of_each(planned, new):
                if incoming.record_key in blocked:
                    await self._keep(connection, incoming, "waits behind", 0)
                else:
                    reactions.append(reaction)
            if reactions:
                await self._consumer.apply(self._state, transaction, reactions)

    async def _blocked(self, connection: Connection, planned: Sequence[Planned]) -> set[str]:
        """The records with a dead letter. Later events of them are kept behind it."""
        if self._consumer.commutative:
            return set()
        keys = [incoming.record_key for incoming, _ in planned]
        return await dead_letters.blocked_records(connection, self._service, self._consumer.name, keys)

    async def _keep(self, connection: Connection, incoming: Incoming, error: str, attempts: int) -> None:
        await dead_letters.add(connection, self._service, self._consumer.name, incoming, error, attempts)
        metrics.count("rocket_dead_letters_total", consumer=self._consumer.name)


def _first_of_each(planned: Sequence[Planned], new: set[str]) -> Sequence[Planned]:
    """The events with new keys, each once: one that was redelivered while it waited is in a batch twice."""
    found: dict[str, Planned] = {}
    for each in planned:
        if each[0].key in new:
            found.setdefault(each[0].key, each)
    return list(found.values())
