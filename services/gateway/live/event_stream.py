"""One live stream: reads commits from data and writes them as server-sent events, until it ends.

An event's id is its commit's position, and the log is read after a position. So a client that reconnects with its last
id misses nothing and gets nothing twice, even after crashes. While data is down the stream waits.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from libs.shared import clock
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import Context
from libs.shared.contracts.live import Changes, ListChanges
from libs.shared.errors import RocketError, unavailable
from services.gateway.identity.tokens import Tokens
from services.gateway.live.hub import Hub
from services.gateway.live.sessions import Session

CHECK_INTERVAL_S = 2.0
"""Between checks whether a quiet stream may go on, and its client is connected."""
KEEP_ALIVE_S = 15.0
"""After which a quiet stream sends a comment."""
WRITE_TIMEOUT_S = 15.0
"""Seconds in which a client must read what is written."""
RETRY_S = 0.5
"""Seconds until the next request to data after a failure."""
REQUEST_TIMEOUT_S = 10.0
"""For one response of data."""
START_TIMEOUT_S = 5.0
"""In which the settled position must be known."""
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


@dataclass(frozen=True, slots=True)
class Watch:
    """The entities and filters of a stream; `after` is the last position that the client has seen, None for now."""

    entities: list[str]
    query: list[tuple[str, str]] = field(default_factory=list)
    after: int | None = None


@dataclass(frozen=True, slots=True)
class StreamSources:
    """What every stream reads: how far the logs are settled, data over NATS, and whether a token still holds."""

    hub: Hub
    rpc: RpcClient
    tokens: Tokens


class EventStream:
    """One stream, from where the client has been to where it ends."""

    def __init__(
        self, sources: StreamSources, request: web.Request, context: Context, session: Session, watch: Watch
    ) -> None:
        self._sources = sources
        self._hub = sources.hub
        self._request = request
        self._context = context
        self._session = session
        self._watch = watch
        self._position = -1
        self._written = clock.unix()
        self._response = web.StreamResponse(headers={**HEADERS, "X-Trace-ID": context.trace_id})

    async def run(self) -> web.StreamResponse:
        """Write events until the end. Raises the errors of a list, before anything is written."""
        await self._begin()
        await self._response.prepare(self._request)
        try:
            await self._write(b"retry: 1000\n\n" + frame("ready", self._position, b'{"position":%d}' % self._position))
            await self._write_commits()
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await self._response.write_eof()
        except TimeoutError:
            # The client reads nothing: its buffer must be freed.
            self._abort()
        except (ConnectionError, asyncio.CancelledError):
            self._abort()
        return self._response

    async def _begin(self) -> None:
        """Find the position to begin at, and check that the caller may watch this."""
        settled = await self._hub.beyond(self._context.the_app, -1, START_TIMEOUT_S)
        if settled < 0:
            raise unavailable("data")
        after = self._watch.after
        self._position = settled if after is None else after
        await self._ask(self._position)

    async def _write_commits(self) -> None:
        while not self._hub.closing and self._connected():
            if not self._session.good(self._sources.tokens):
                await self._write(frame("end", self._position, b'{"reason":"The access token has ended"}'))
                return
            left = self._session.expires - clock.unix()
            settled = await self._hub.beyond(
                self._context.the_app, self._position, min(CHECK_INTERVAL_S, max(0.0, left))
            )
            if settled > self._position:
                if not await self._write_until(settled):
                    return
            elif clock.unix() - self._written > KEEP_ALIVE_S:
                # A comment with an id is no event, but the client reconnects with this id and so misses less.
                await self._write(b"id: %d\n: still here\n\n" % self._position)

    async def _write_until(self, settled: int) -> bool:
        """Write the commits up to a settled position; False when the caller may watch no longer."""
        try:
            changes = await self._ask(settled)
        except RocketError as error:
            if error.transient:
                await asyncio.sleep(RETRY_S)
                return True
            await self._write(frame("error", self._position, error.envelope()))
            return False
        lines = changes.body.split(b"\n") if changes.positions else []
        for position, line in zip(changes.positions, lines, strict=True):
            await self._write(frame("commit", position, line))
        self._position = changes.position
        return True

    async def _ask(self, until: int) -> Changes:
        context = self._context.for_user(self._session.identity).until(clock.unix() + REQUEST_TIMEOUT_S)
        rpc_request = ListChanges(self._watch.entities, self._position, until, self._watch.query)
        return await self._sources.rpc.request(rpc_request, context)

    async def _write(self, data: bytes) -> None:
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            await self._response.write(data)
        self._written = clock.unix()

    def _connected(self) -> bool:
        transport = self._request.transport
        return transport is not None and not transport.is_closing()

    def _abort(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()


def frame(event: str, position: int, data: bytes) -> bytes:
    """A server-sent event; `data` is JSON on one line."""
    return b"event: %s\nid: %d\ndata: %s\n\n" % (event.encode(), position, data)


def ticket_answer(ticket: str, seconds: int) -> bytes:
    """A new ticket, as JSON."""
    return orjson.dumps({"data": {"ticket": ticket, "expires_in": seconds}})
