"""Real receivers on free ports: an HTTP server that takes webhooks, an SMTP server that takes mail."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import orjson
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(slots=True)
class HttpReceiver:
    """Every request it got (`bodies`: byte for byte); `respond` decides the status, `answer` the whole answer."""

    url: str = ""
    requests: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    respond: Callable[[int], int] = lambda number: 200
    answer: Callable[[web.Request, Any], Awaitable[web.StreamResponse]] | None = None

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.read())
        payload = orjson.loads(self.bodies[-1] or b"null")
        self.requests.append((dict(request.headers), payload))
        if self.answer is not None:
            return await self.answer(request, payload)
        return web.Response(status=self.respond(len(self.requests)))

    @property
    def payloads(self) -> list[Any]:
        """What the requests told."""
        return [payload for _, payload in self.requests]


@contextlib.asynccontextmanager
async def http_receiver() -> AsyncIterator[HttpReceiver]:
    """A receiver on a free port of this machine."""
    receiver = HttpReceiver()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@dataclass(slots=True)
class Mailbox:
    """An SMTP server and the mails it took."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        return "250 OK"


@contextlib.asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    """A mailbox on a free port, in this event loop."""
    box = Mailbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
