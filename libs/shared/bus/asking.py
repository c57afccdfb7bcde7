"""Typed questions between services: `ask` sends one, `serve` answers them.

Requests are NATS micro services (`nats micro ls|info|stats` shows them) in queue groups. Each request
runs in a task of its own, bounded in number, within the deadline that its headers carry.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import structlog
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.micro import add_service
from nats.micro.request import Request
from nats.micro.service import EndpointConfig, ServiceConfig
from nats.micro.service import Service as MicroService

from libs.shared.bus.connection import Connection
from libs.shared.bus.frames import decode, encode, pack, unpack
from libs.shared.bus.parcels import INLINE, Parcels, Ticket
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer, Ask
from libs.shared.errors import RocketError, unavailable
from libs.shared.telemetry import tracing

log = structlog.get_logger()

R = TypeVar("R")
Handler = Callable[[Context, Any], Awaitable[Any]]

CONCURRENCY = 256
"""Requests a replica works on at once; the next ones are refused with a 503."""
MAX_BODY = 64 * 1024 * 1024
"""Bytes of the largest request or answer between services."""


class Asker:
    """Sends questions and answers them, over one connection."""

    def __init__(self, connection: Connection, parcels: Parcels) -> None:
        self._connection = connection
        self._parcels = parcels
        self._running: set[asyncio.Task[None]] = set()
        self._micros: list[MicroService] = []

    async def open(self) -> None:
        """Begin to hand out parcels; needs the connection to be established."""
        await self._parcels.open()

    async def ask(self, question: Ask[R], context: Context) -> R:
        """The answer of the service that owns `question`.

        Raises the RocketError it refused with; SERVICE_UNAVAILABLE at once when no replica listens;
        TIMEOUT when the context's deadline passes.
        """
        service = question.service
        head, body = encode(question)
        payload = self._payload(head, body)
        remaining = context.remaining()
        if remaining <= 0:
            raise RocketError("TIMEOUT", "The request took too long")
        try:
            # A little more than the callee has, so that its own TIMEOUT arrives rather than ours.
            reply = await self._connection.request(
                question.address(), payload, remaining + 0.25, tracing.propagate(context).headers()
            )
        except NoRespondersError:
            raise unavailable(service) from None
        except (NatsTimeout, TimeoutError):
            raise RocketError("TIMEOUT", f"{service} did not answer in time") from None
        return await self._read_reply(question, reply.data)

    async def _read_reply(self, question: Ask[R], payload: bytes) -> R:
        head, body = await self._open(payload)
        if "error" in head:
            error = head["error"]
            raise RocketError(error["code"], error["message"], error.get("details", ()), head.get("h"))
        if question.reply is Answer:
            answer: Any = Answer(head["s"], body, head["h"])
            return answer  # type: ignore[no-any-return]
        value: R = decode(question.reply, head["v"], body)
        return value

    async def serve(self, service: str, version: str, endpoints: Mapping[type[Ask[Any]], Handler]) -> None:
        """Answer the questions of `endpoints` as one replica of `service`."""
        micro = await add_service(
            self._connection.client, ServiceConfig(name=service, version=version, queue_group=service)
        )
        self._micros.append(micro)
        for question, handler in endpoints.items():
            await micro.add_endpoint(
                EndpointConfig(
                    name=question.name.replace(".", "-"),
                    subject=question.address(),
                    handler=self._accept(question, handler),
                )
            )

    async def stop(self) -> None:
        """Take no more requests; other replicas, or nobody, will."""
        for micro in self._micros:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(micro.stop(), 2)

    async def drain(self, limit: float) -> None:
        """Wait up to `limit` seconds for the requests under way."""
        if self._running:
            await asyncio.wait(self._running, timeout=limit)

    def _accept(self, question: type[Ask[Any]], handler: Handler) -> Callable[[Request], Awaitable[None]]:
        # nats-py calls a subscription's callbacks one after another, so the work must not be awaited here.
        async def accept(request: Request) -> None:
            if len(self._running) >= CONCURRENCY:
                await request.respond(_refusal(unavailable(question.service)))
                return
            task = asyncio.create_task(self._answer(question, handler, request))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

        return accept

    async def _answer(self, question: type[Ask[Any]], handler: Handler, request: Request) -> None:
        try:
            context = Context.from_headers(request.headers or {})
            head, body = await self._open(request.data)
            with tracing.remote(context):
                async with asyncio.timeout(context.remaining()):
                    reply = await handler(context, decode(question, head, body))
            payload = self._reply_payload(reply)
        except Exception as error:
            payload = _refusal(as_rocket_error(error, question.name))
        try:
            await request.respond(payload)
        except Exception as error:
            log.warning("ask.reply_lost", question=question.name, error=type(error).__name__)

    def _payload(self, head: dict[str, Any], body: bytes) -> bytes:
        if len(body) > INLINE // 2:
            ticket = self._parcels.leave(pack(head, body))
            return pack({"parcel": (ticket.subject, ticket.size)})
        payload = pack(head, body)
        if len(payload) <= INLINE:
            return payload
        ticket = self._parcels.leave(payload)
        return pack({"parcel": (ticket.subject, ticket.size)})

    def _reply_payload(self, reply: Any) -> bytes:
        if isinstance(reply, Answer):
            return self._payload({"s": reply.status, "h": reply.headers}, reply.body)
        head, body = encode(reply)
        return self._payload({"v": head}, body)

    async def _open(self, payload: bytes) -> tuple[dict[str, Any], bytes]:
        head, body = unpack(payload)
        if "parcel" in head:
            head, body = unpack(await self._parcels.fetch(Ticket(*head["parcel"]), MAX_BODY))
        return head, body


def as_rocket_error(error: Exception, question: str) -> RocketError:
    """What a caller may be told about `error`; the rest goes to our log."""
    if isinstance(error, RocketError):
        return error
    if isinstance(error, TimeoutError):
        return RocketError("TIMEOUT", "The request took too long")
    log.error("ask.failed", question=question, exc_info=error)
    return RocketError("INTERNAL_ERROR", "An internal error occurred")


def _refusal(error: RocketError) -> bytes:
    body: dict[str, Any] = {"code": error.code, "message": error.message, "details": error.details}
    return pack({"error": body, "h": error.headers})
