"""The one adapter to what aiohttp keeps private. tests/unit/gateway/test_aiohttp_internals.py fails if it changes.

Requests are aiohttp's without an Application around them: an Application looks for each route once more, and sends a
signal for each answer; together a twentieth of the gateway's time for a short request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import HttpVersion11, web

AddHeaders = Callable[[web.Request, web.StreamResponse], Awaitable[None]]
"""Adds headers to a response, before its head is written."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TOO_MANY_HEADERS = "Too many headers received"
"""The text of aiohttp's BadHttpMessage about it, which has no class of its own."""


class HttpRequest(web.Request):
    """One request. `match_info` holds the variables of its path, as the router has found them."""

    ATTRS = web.Request.ATTRS | {"match_info"}
    # In place of aiohttp's property, which knows variables of an Application's routes only.
    match_info: dict[str, str] = {}  # type: ignore[assignment]  # noqa: RUF012  replaced as a whole

    async def send_continue(self) -> None:
        """Ask for the body, if the client waits for that. Raises HTTPExpectationFailed for what else it expects."""
        if self.version != HttpVersion11:
            return
        if self.headers["Expect"].lower() != "100-continue":
            raise web.HTTPExpectationFailed(text="")
        writer: Any = self.writer
        await writer.write(CONTINUE)
        # It was not the beginning of the answer, whose head is still to come.
        writer.output_size = 0


def request_factory(add_headers: AddHeaders) -> Callable[..., HttpRequest]:
    """Makes the requests of a server; `add_headers` is called for each of their responses."""
    loop = asyncio.get_running_loop()
    # aiohttp awaits this of every request before it writes a response's head.
    kind = type("HookedRequest", (HttpRequest,), {"_prepare_hook": add_headers})

    def make(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> HttpRequest:
        request: HttpRequest = kind(message, payload, protocol, writer, task, loop)
        return request

    return make


class ConnectionServer(web.Server):
    """A server whose connections are of our subclass."""

    connection_class: type[web.RequestHandler]

    def __call__(self) -> web.RequestHandler:
        return self.connection_class(self, loop=self._loop, **self._kwargs)

    @property
    def open_connections(self) -> int:
        """How many connections there are."""
        return len(self._connections)


class ServerConnection(web.RequestHandler):
    """One connection of a client."""

    __slots__ = ()

    @property
    def server(self) -> Any:
        """The server that it belongs to; None once it is lost."""
        return self._manager

    @property
    def requests_begun(self) -> int:
        """How many heads of requests have arrived."""
        return self._request_count

    def call_later(self, seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Have something called on the connection's event loop."""
        return self._loop.call_later(seconds, callback)
