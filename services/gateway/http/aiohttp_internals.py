"""A request as our server makes it: aiohttp's, without an Application around it.

An Application would look for each route once more, and send a signal for each answer; together a twentieth of the
gateway's time for a short request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import HttpVersion11, web

AddHeaders = Callable[[web.Request, web.StreamResponse], Awaitable[None]]
"""What adds to an answer, before its head is written."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpRequest(web.Request):
    """One request. `match_info` holds the variables of its path, as the routing table has found them."""

    ATTRS = web.Request.ATTRS | {"match_info"}
    # In place of aiohttp's property, which knows variables of an Application's routes only.
    match_info: dict[str, str] = {}  # type: ignore[assignment]  # noqa: RUF012  replaced as a whole

    async def welcome(self) -> None:
        """Ask for the body, if the client waits for that. Raises HTTPExpectationFailed for what else it expects."""
        if self.version != HttpVersion11:
            return
        if self.headers["Expect"].lower() != "100-continue":
            raise web.HTTPExpectationFailed(text="")
        writer: Any = self.writer
        await writer.write(CONTINUE)
        # It was not the beginning of the answer, whose head is still to come.
        writer.output_size = 0


def factory(dress: AddHeaders) -> Callable[..., HttpRequest]:
    """What makes the requests of a server whose answers are dressed by `dress`."""
    loop = asyncio.get_running_loop()
    # aiohttp awaits this of every request before it writes an answer's head.
    kind = type("DressedRequest", (HttpRequest,), {"_prepare_hook": dress})

    def make(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> HttpRequest:
        request: HttpRequest = kind(message, payload, protocol, writer, task, loop)
        return request

    return make
