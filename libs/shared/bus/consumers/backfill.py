"""Events that a stream has dropped, read from the log that they were published from.

A stream keeps events for a while, a log for good. A consumer that was down for longer reads the events between the last
one it has handled and the first one in the stream, through the same handler and inbox. Commits come from the log of the
data service, signals from the outboxes of the services that emitted them.
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
from libs.shared.contracts.commits import ReadLog
from libs.shared.contracts.context import AppRef, system_context
from libs.shared.contracts.messages import Request, Response
from libs.shared.contracts.operations import WITH_OUTBOX, ReadSignals, of
from libs.shared.contracts.streams import COMMITS, SIGNALS, StreamSpec, commits_of, signal_subject

BATCH_ENTRIES = 200
"""Entries asked for at a time."""
TIMEOUT_S = 15.0
"""Seconds that a response may take."""


class Backfill(Protocol):
    """The events that one shard of a consumer has missed in its stream."""

    def batches(self, app: AppRef, after: LogPositions) -> AsyncIterator[list[Incoming]]:
        """The events of an app between the last handled one and the first one in the stream, in order."""
        ...


def backfill_of(stream: JetStream, rpc: RpcClient, spec: StreamSpec, shard: int) -> Backfill | None:
    """The backfill of a shard of a consumer; None if the events are in no log."""
    if spec is COMMITS:
        return CommitBackfill(stream, rpc, spec, shard)
    return SignalBackfill(stream, rpc, spec) if spec is SIGNALS else None


class CommitBackfill:
    """Reads the log of commits."""

    def __init__(self, stream: JetStream, rpc: RpcClient, spec: StreamSpec, shard: int) -> None:
        self._stream = stream
        self._rpc = rpc
        self._spec = spec
        self._shard = shard

    async def batches(self, app: AppRef, after: LogPositions) -> AsyncIterator[list[Incoming]]:
        """The commits of the shard."""
        # The last commit may have more entries. Those that were handled are found in the inbox.
        handled = after["data"][0] - 1 if "data" in after else 0
        first = await self._stream.next_position(self._spec.name, 1, commits_of(app.id))
        if first is not None and first[0] <= handled:
            return
        # The first commit in the stream may be there in part: it is read whole.
        until, place = first[0] if first else 0, (handled, 1 << 30)
        while True:
            request = ReadLog(*place, until=until, most=BATCH_ENTRIES)
            entries = list(decode_entries((await self._rpc.request(request, system_context(TIMEOUT_S, app))).body))
            if not entries:
                return
            place = entries[-1].position
            yield _incoming(self._stream.connection, [e for e in entries if self._spec.has(self._shard, e.subject)])


class SignalBackfill:
    """Reads the outboxes of all services."""

    def __init__(self, stream: JetStream, rpc: RpcClient, spec: StreamSpec) -> None:
        self._stream = stream
        self._rpc = rpc
        self._spec = spec

    async def batches(self, app: AppRef, after: LogPositions) -> AsyncIterator[list[Incoming]]:
        """The signals of one service after the other: only signals of the same service have an order."""
        for service in WITH_OUTBOX:
            position, _ = after.get(service, (0, 0))
            first = await self._stream.next_position(self._spec.name, 1, signal_subject(app.id, service, ">"))
            until = first[0] - 1 if first else None
            request: Callable[[int, int | None, int], Request[Response]] = of(service, ReadSignals)
            while until is None or position < until:
                response = await self._rpc.request(
                    request(position, until, BATCH_ENTRIES), system_context(TIMEOUT_S, app)
                )
                entries = list(decode_entries(response.body))
                if not entries:
                    break
                position, _ = entries[-1].position
                yield _incoming(self._stream.connection, entries)


def _incoming(connection: Connection, entries: Sequence[Outgoing]) -> list[Incoming]:
    """Entries as the stream would have delivered them. They are not acknowledged."""
    return [
        Incoming(Message(entry.subject.encode(), b"", written(entry.wire_headers()), entry.payload), connection)
        for entry in entries
    ]
