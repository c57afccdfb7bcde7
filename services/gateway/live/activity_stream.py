"""A live stream of an app's events and spans: asks the events service for new ones and writes them until it ends.

Events have no order of their own, so a stream looks again at those of the last seconds, and leaves out what it has
sent. A client that is too slow, or watches more than a stream can carry, misses some and is told so.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from libs.shared import clock
from libs.shared.contracts.context import system_context
from libs.shared.contracts.events import ListNewEvents, NewEvents
from libs.shared.errors import RocketError
from services.gateway.live.event_stream import KEEP_ALIVE_S, REQUEST_TIMEOUT_S, RETRY_S, EventStream, frame

POLL_S = 1.0
"""Between two looks for new events."""
OVERLAP_US = 3_000_000
"""Microseconds that are looked at again: longer than events are stored in one transaction."""


class ActivityStream(EventStream):
    """One stream of events."""

    event: ClassVar[str] = "event"
    """What it sends are called."""
    _sent: dict[str, int]

    async def _begin(self) -> None:
        """Check the filters, and begin now, or where the client has been."""
        self._sent = {}
        after = self._watch.after
        found = await self._look(after)
        self._position = found.position if after is None else after
        if after is None:
            # What is looked at again, and was there before.
            self._sent = dict((await self._look(self._position)).events)

    async def _write_commits(self) -> None:
        while not self._hub.closing and self._connected():
            if not self._session.good(self._sources.tokens):
                await self._write(frame("end", self._position, b'{"reason":"The access token has ended"}'))
                return
            try:
                await self._write_new(await self._look(self._position))
            except RocketError as error:
                if not error.transient:
                    await self._write(frame("error", self._position, error.envelope()))
                    return
                await asyncio.sleep(RETRY_S)
            if clock.unix() - self._written > KEEP_ALIVE_S:
                await self._write(b"id: %d\n: still here\n\n" % self._position)
            await asyncio.sleep(POLL_S)

    async def _write_new(self, found: NewEvents) -> None:
        lines = found.body.split(b"\n") if found.events else []
        for (event_id, position), line in zip(found.events, lines, strict=True):
            if event_id not in self._sent:
                self._sent[event_id] = position
                await self._write(frame(self.event, position, line))
        if found.is_cut:
            await self._write(frame("skipped", found.position, b"{}"))
        self._position = max(self._position, found.position)
        oldest = self._position - 2 * OVERLAP_US
        self._sent = {event_id: position for event_id, position in self._sent.items() if position >= oldest}

    async def _look(self, after: int | None) -> NewEvents:
        # Without a trace: otherwise each look would leave spans, which the next one would find.
        context = system_context(REQUEST_TIMEOUT_S, self._context.the_app)
        since = -1 if after is None else max(0, after - OVERLAP_US)
        return await self._sources.rpc.request(ListNewEvents(since, self._watch.query), context)
