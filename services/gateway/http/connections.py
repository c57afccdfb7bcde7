"""Connections of clients: limits their number and slowness, and answers malformed HTTP.

aiohttp's server makes a protocol object per connection. Ours counts them per address, gives the first request of a
connection a limited time, and puts what aiohttp would answer in plain text into our envelope. Nothing here is done per
request.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections import Counter
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong

from libs.shared.errors import RocketError
from services.gateway.http.aiohttp_internals import TOO_MANY_HEADERS, ConnectionServer, ServerConnection
from services.gateway.http.response_headers import SECURITY
from services.gateway.limits.addresses import Proxies
from services.gateway.limits.settings import LimitSettings

log = structlog.get_logger()

WATCH_INTERVAL_S = 2.0
"""Between looks at connections that do not read their answers."""
LINGER_S = 5.0
"""For the rest of a body that is not read; then the connection is closed."""
TCP_INFO_BYTES_ACKED = struct.Struct("@120xQ")
"""Of Linux's struct tcp_info: tcpi_bytes_acked, what the other side has taken in all."""


class LimitedServer(ConnectionServer):
    """All connections of a gateway. `settings` limit their number and slowness."""

    def __init__(self, *args: Any, settings: LimitSettings, proxies: Proxies, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settings = settings
        self._proxies = proxies
        self._addresses: Counter[str] = Counter()
        self._refused = 0

    def admit(self, address: str) -> bool:
        """Count a new connection; False if there are too many, of this address or in all."""
        full = self.open_connections > self.settings.max_connections
        if not self._proxies.trusts(address):
            full = full or self._addresses[address] >= self.settings.max_connections_per_ip
        self._addresses[address] += 1
        if full:
            self._refused += 1
        return not full

    def release(self, address: str) -> None:
        """Forget a connection that was counted."""
        self._addresses[address] -= 1
        if self._addresses[address] <= 0:
            del self._addresses[address]

    async def watch(self) -> None:
        """Close connections of clients that do not read their answers, until cancelled."""
        seen: dict[web.RequestHandler, tuple[int, float]] = {}
        while True:
            await asyncio.sleep(min(WATCH_INTERVAL_S, self.settings.read_timeout / 4))
            seen = {handler: progress for handler in self.connections if (progress := self._progress(handler, seen))}
            if self._refused:
                log.warning("http.connections_refused", count=self._refused, open=self.open_connections)
                self._refused = 0

    def _progress(
        self, handler: web.RequestHandler, seen: dict[web.RequestHandler, tuple[int, float]]
    ) -> tuple[int, float] | None:
        """What a client that has not taken all has taken, and since when not more; None for all others."""
        transport: Any = handler.transport
        if transport is None or not transport.get_write_buffer_size():
            return None
        taken, now = _acknowledged(transport), time.monotonic()
        before, since = seen.get(handler, (-1, now))
        if taken != before:
            return taken, now
        if now - since > self.settings.read_timeout:
            log.info("http.slow_reader_cut_off")
            _reset(transport)
            return None
        return taken, since


class LimitedConnection(ServerConnection):
    """A connection of a client that is counted, and whose first request must come in time."""

    __slots__ = ("_address", "_header_timer")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it, and give it a limited time for its first request."""
        super().connection_made(transport)
        server: LimitedServer = self.server
        self._address = str((transport.get_extra_info("peername") or ("",))[0])
        self._header_timer = self.call_later(server.settings.header_timeout, self._close_without_request)
        if not server.admit(self._address):
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it no more."""
        server: LimitedServer | None = self.server
        if server is not None:
            self._header_timer.cancel()
            server.release(self._address)
        super().connection_lost(exc)

    def _close_without_request(self) -> None:
        if self.requests_begun == 0:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer malformed requests, and failures outside of our handlers, in our envelope."""
        if request.writer.output_size > 0:
            raise ConnectionError("An answer is under way already")
        error = self._as_rocket_error(status, exc)
        if error.status >= 500:
            log.error("http.failed", exc_info=exc)
        response = refused(error)
        response.force_close()
        return response

    def _as_rocket_error(self, status: int, exc: BaseException | None) -> RocketError:
        if status >= 500:
            return RocketError("TIMEOUT" if status == 504 else "INTERNAL_ERROR", "The request could not be answered")
        limits: LimitSettings = self.server.settings
        if isinstance(exc, BadHttpMessage) and exc.args[:1] == (TOO_MANY_HEADERS,):
            return RocketError("HEADERS_TOO_LARGE", f"A request may have at most {limits.max_headers} headers")
        if not isinstance(exc, LineTooLong):
            return RocketError("INVALID_REQUEST", "This is no valid HTTP request")
        if exc.args[1] == limits.max_url_bytes:
            return RocketError("URI_TOO_LONG", f"The URL may have at most {limits.max_url_bytes} bytes")
        return RocketError("HEADERS_TOO_LARGE", f"A header may have at most {limits.max_header_bytes} bytes")


LimitedServer.connection_class = LimitedConnection


def unanswerable(refusal: web.HTTPException) -> web.Response:
    """In our envelope what aiohttp has raised, which it would answer in plain text."""
    return refused(RocketError("INVALID_REQUEST", f"The request can't be answered: {refusal.reason}"), refusal.status)


def refused(error: RocketError, status: int = 0) -> web.Response:
    """An error as the answer to what no route has looked at."""
    headers = {**SECURITY, "Content-Type": "application/json"}
    return web.Response(status=status or error.status, body=error.envelope(), headers=headers)


def _reset(transport: Any) -> None:
    """Close at once. Without lingering, or the kernel would go on keeping for this client what we no longer do."""
    with contextlib.suppress(AttributeError, OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _acknowledged(transport: Any) -> int:
    """Bytes that the other side has acknowledged; where the kernel does not tell, what it has left us to keep."""
    try:
        known = transport.get_extra_info("socket").getsockopt(
            socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES_ACKED.size
        )
        return int(TCP_INFO_BYTES_ACKED.unpack(known)[0])
    except (AttributeError, OSError, struct.error):
        return -int(transport.get_write_buffer_size())
