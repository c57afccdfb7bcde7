"""Reads the commit log for replays, from the data service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from libs.shared import exact
from libs.shared.bus.consumers.checkpoints import Position, commit_progress
from libs.shared.bus.consumers.incoming import decode_event
from libs.shared.bus.nats.jetstream import JetStream
from libs.shared.bus.outbox.log_batches import decode_entries
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.commits import FetchCommit, ReadLog
from libs.shared.contracts.context import AppRef, Context, system_context
from libs.shared.contracts.schemas import ListNames, NamesEver
from libs.shared.contracts.streams import COMMITS, REFERENCE, CommitEvent
from libs.shared.replays.projection import ReplayState

TIMEOUT_S = 15.0
"""Seconds that a response may take."""
POLL_INTERVAL_S = 0.1
"""Seconds between checks whether a consumer has reached the end of the log."""
BEGINNING: Position = (0, 0)


class LogAccess(Protocol):
    """The resources with which a service reads the log and the progress of its consumers."""

    @property
    def rpc(self) -> RpcClient: ...
    @property
    def stream(self) -> JetStream: ...


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Some entries of the log, and its last position."""

    events: Sequence[CommitEvent]
    head: int

    def last(self, until: int) -> Position:
        """The position of the last entry; after all of position `until` if there is none."""
        return (self.events[-1].position, self.events[-1].n) if self.events else (until, 1 << 30)


async def read(rpc: RpcClient, app: AppRef, after: Position, until: int, most: int) -> LogBatch:
    """The next entries of an app's log, whole ones."""
    context = _context(app)
    response = await rpc.request(ReadLog(*after, until=until, most=most), context)
    events: list[Any] = []
    for entry in decode_entries(response.body):
        payload = entry.payload
        if REFERENCE in entry.headers:
            position, n = entry.position
            payload = (await rpc.request(FetchCommit(position=position, n=n), context)).body
        events.append(decode_event(entry.subject, payload, exact.loads))
    return LogBatch(events, int(response.headers["head"]))


async def names_ever(rpc: RpcClient, app: AppRef) -> NamesEver:
    """All present and former names in the app."""
    return await rpc.request(ListNames(), _context(app))


async def caught_up(core: LogAccess, app: AppRef, replay: ReplayState, consumer: str) -> bool:
    """Whether a consumer has reached the end that the log had at the first call. Waits a moment if it has not."""
    if replay.get("position") is None:
        replay.keep(position=(await read(core.rpc, app, BEGINNING, 0, 0)).head)
    reached, behind = await commit_progress(core.stream, COMMITS, consumer, app)
    if reached < replay.get("position") and (behind or reached):
        await asyncio.sleep(POLL_INTERVAL_S)
        return False
    return True


def _context(app: AppRef) -> Context:
    return system_context(TIMEOUT_S, app)
