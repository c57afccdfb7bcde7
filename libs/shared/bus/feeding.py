"""Events that a stream has forgotten, from the log that it was made of.

The stream's retention is not the log's: whoever was away for longer is fed what lies between the last event it has
handled and the first one that the stream still has, through the same handler and the same `seen`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from libs.shared.bus.asking import Asker
from libs.shared.bus.connection import Connection
from libs.shared.bus.incoming import Incoming
from libs.shared.bus.jetstream import JetStream
from libs.shared.bus.logged import parted
from libs.shared.bus.progress import first_of_share
from libs.shared.bus.protocol import Message, written
from libs.shared.contracts.context import AppRef, system_context
from libs.shared.contracts.records import ReadLog
from libs.shared.contracts.streams import POSITION, StreamSpec

STRETCH = 200
"""Entries asked for at a time."""
TIME = 15.0
"""Seconds that an answer may take."""


class Feeder:
    """The log of commits as one share of a consumer would have had it from the stream."""

    def __init__(self, stream: JetStream, asker: Asker, spec: StreamSpec, share: int) -> None:
        self._stream = stream
        self._asker = asker
        self._spec = spec
        self._share = share
        self._endings = tuple(f".{partition:02d}" for partition in spec.share(share))

    async def stretches(self, app: AppRef, after: int) -> AsyncIterator[list[Incoming]]:
        """The app's events behind a position, as far as the stream does not have them, in order."""
        first = await first_of_share(self._stream, self._spec, app, self._share, 1)
        if first is not None and first <= after:
            return
        # The first one's commit may be there in part; what is there comes twice, and is recognised.
        until, place = first or 0, (after, 1 << 30)
        while True:
            question = ReadLog(*place, until=until, most=STRETCH)
            context = system_context(TIME, app)
            entries = list(parted((await self._asker.ask(question, context)).body))
            if not entries:
                return
            place = entries[-1].position
            mine = [entry for entry in entries if entry.subject.endswith(self._endings)]
            yield [_incoming(self._stream.connection, e.subject, e.payload, e.headers, e.position) for e in mine]


def _incoming(
    connection: Connection, subject: str, payload: bytes, headers: dict[str, str], position: tuple[int, int]
) -> Incoming:
    """An entry as the stream would have delivered it; there is nobody to acknowledge it to."""
    block = written({**headers, POSITION: f"{position[0]}.{position[1]}"})
    return Incoming(Message(subject.encode(), b"", block, payload), connection)
