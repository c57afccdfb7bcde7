"""The log that a relay reads, and the batches in which it is published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from libs.shared.bus.nats.jetstream import BATCH_MESSAGES, Outgoing
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import StreamSpec
from libs.shared.postgres.databases import Database

BATCH_BYTES = 4 * 1024 * 1024
"""Bytes of one atomic batch."""


class Log(Protocol):
    """A table whose rows are published. Positions come from a sequence."""

    service: str
    stream: StreamSpec
    table: str
    """Qualified name of the log table; writers insert into it in the statement that takes the position."""
    sequence: str
    """Qualified name of the sequence that positions come from."""

    def subject_filter(self, app: AppRef) -> str:
        """Matches all messages of this log and app, and no others."""
        ...

    async def read(self, app: AppRef, database: Database, after: tuple[int, int], limit: int) -> Sequence[Outgoing]:
        """The next rows behind `after`, in order, as messages; one snapshot."""
        ...

    def on_settled(self, app: AppRef, position: int) -> None:
        """Called when everything up to a position is settled and published; returns at once."""
        ...


def batches(messages: Sequence[Outgoing]) -> list[list[Outgoing]]:
    """Split for atomic publishing, by number and by bytes."""
    found: list[list[Outgoing]] = [[]]
    size = 0
    for message in messages:
        if found[-1] and (len(found[-1]) >= BATCH_MESSAGES or size + len(message.payload) > BATCH_BYTES):
            found.append([])
            size = 0
        found[-1].append(message)
        size += len(message.payload)
    return found
