"""Events that a stream has forgotten, from the log that it was made of.

The stream's retention is not the log's: whoever was away for longer is fed what lies between the last event it has
handled and the first one that the stream still has, through the same handler and the same `seen`. Commits come from
data's log, signals from the outboxes of the services that have told them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from libs.shared.bus.consumers.checkpoints import LogPositions
from libs.shared.bus.consumers.incoming import Incoming
from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.nats.jetstream import JetStream, Outgoing
from libs.shared.bus.nats.protocol import Message, written
from libs.shared.bus.outbox.log_batches import decode_entries
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import AppRef, system_context
from libs.shared.contracts.messages import Request, Response
from libs.shared.contracts.operations import WITH_OUTBOX, ReadSignals, of
from libs.shared.contracts.records import ReadLog
from libs.shared.contracts.streams import COMMITS, SIGNALS, StreamSpec, commits_of, signal_subject

BATCH_ENTRIES = 200
"""Entries asked for at a time."""
TIMEOUT_S = 15.0
"""Seconds that an answer may take."""


class Backfill(Protocol):
    """What one share of a consumer would have had from its stream."""

    def batches(self, app: AppRef, after: LogPositions) -> AsyncIterator[list[Incoming]]:
        """The app's events behind those that were handled, as far as the stream does not have them, in order."""
        ...


def backfill_of(stream: JetStream, rpc: RpcClient, spec: StreamSpec, shard: int) -> Backfill | None:
    """What feeds a share of a consumer of a stream; None if nothing is kept of that but the stream."""
    if spec is COMMITS:
        return CommitBackfill(stream, rpc, spec, shard)
    return SignalBackfill(stream, rpc, spec) if spec is SIGNALS else None


class CommitBackfill:
    """The log of commits."""

    def __init__(self, stream: JetStream, rpc: RpcClient, spec: StreamSpec, shard: int) -> None:
        self._stream = stream
        self._rpc = rpc
        self._spec = spec
        self._balance = shard

    async def batches(self, app: AppRef, after: LogPositions) -> AsyncIterator[list[Incoming]]:
        """The commits of the share."""
        # Of the last one's commit there may be more; what was handled comes twice, and is recognised.
        handled = after["data"][0] - 1 if "data" in after else 0
        first = await self._stream.next_position(self._spec.name, 1, commits_of(app.id))
        if first is not None and first[0] <= handled:
            return
        # The first one's commit may be there in part; what is there comes twice, too.
        until, place = first[0] if first else 0, (handled, 1 << 30)
        while True:
            request = ReadLog(*place, until=until, most=BATCH_ENTRIES)
            entries = list(decode_entries((await self._rpc.request(request, system_context(TIMEOUT_S, app))).body))
            if not entries:
                return
            place = entries[-1].position
            yield _incoming(self._stream.connection, [e for e in entries if self._spec.has(self._balance, e.subject)])


class SignalBackfill:
    """The outboxes of all services."""

    def __init__(self, stream: JetStream, rpc: RpcClient, spec: StreamSpec) -> None:
        self._stream = stream
        self._rpc = rpc
        self._spec = spec

    async def batches(self, app: AppRef, after: LogPositions) -> AsyncIterator[list[Incoming]]:
        """The signals of one service after the other: only those of the same have an order."""
        for service in WITH_OUTBOX:
            position, _ = after.get(service, (0, 0))
            first = await self._stream.next_position(self._spec.name, 1, signal_subject(app.id, service, ">"))
            until = first[0] - 1 if first else None
            request: Callable[[int, int | None, int], Request[Response]] = of(service, ReadSignals)
            while until is None or position < until:
                answer = await self._rpc.request(
                    request(position, until, BATCH_ENTRIES), system_context(TIMEOUT_S, app)
                )
                entries = list(decode_entries(answer.body))
                if not entries:
                    break
                position, _ = entries[-1].position
                yield _incoming(self._stream.connection, entries)


def _incoming(connection: Connection, entries: Sequence[Outgoing]) -> list[Incoming]:
    """Entries as the stream would have delivered them; there is nobody to acknowledge them to."""
    return [
        Incoming(Message(entry.subject.encode(), b"", written(entry.wire_headers()), entry.payload), connection)
        for entry in entries
    ]
