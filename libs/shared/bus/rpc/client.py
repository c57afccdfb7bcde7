"""Typed questions between services: `ask` sends one, `serve` answers them.

Requests are NATS micro services (`nats micro ls|info|stats` shows them) in queue groups. Each request
runs in a task of its own, bounded in number, within the deadline that its headers carry.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import structlog
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

from libs.shared.bus.codec import decode, encode, pack, unpack
from libs.shared.bus.nats.batching import decode_batch, is_batch
from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.nats.protocol import Message
from libs.shared.bus.rpc.claim_check import INLINE, ClaimCheck, ClaimChecks
from libs.shared.bus.rpc.deadlines import Deadlines
from libs.shared.bus.rpc.micro_service import Endpoint, MicroService
from libs.shared.bus.rpc.signed_contexts import ContextSigner, ContextVerifier
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Request, Response
from libs.shared.errors import RocketError, unavailable
from libs.shared.telemetry import tracing

log = structlog.get_logger()

R = TypeVar("R")
Handler = Callable[[Context, Any], Awaitable[Any]]

CONCURRENCY = 256
"""Requests a replica works on at once; the next ones are refused with a 503."""
MAX_BODY = 64 * 1024 * 1024
"""Bytes of the largest request or answer between services."""


class RpcClient:
    """Sends questions and answers them, over one connection."""

    def __init__(self, connection: Connection, claim_checks: ClaimChecks, verifier: ContextVerifier) -> None:
        self._connection = connection
        self._verifier = verifier
        self._signer: ContextSigner | None = None
        self._claim_checks = claim_checks
        self._running = Deadlines()
        self._micros: list[MicroService] = []

    def sign_with(self, signer: ContextSigner) -> None:
        """Sign who asks from now on; for the gateway, which knows."""
        self._signer = signer

    def open(self) -> None:
        """Begin to hand out parcels."""
        self._claim_checks.open()

    async def request(self, question: Request[R], context: Context) -> R:
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
        if self._signer is not None:
            context = await self._signer.signed(context)
        try:
            # A little more than the callee has, so that its own TIMEOUT arrives rather than ours.
            reply = await self._connection.ask(
                question.address(), payload, remaining + 0.25, tracing.propagate(context).block()
            )
        except NoRespondersError:
            raise unavailable(service) from None
        except (NatsTimeout, TimeoutError):
            raise RocketError("TIMEOUT", f"{service} did not answer in time") from None
        return await self._read_reply(question, reply.data)

    async def _read_reply(self, question: Request[R], payload: bytes) -> R:
        head, body = unpack(payload, question.reply)
        if "parcel" in head:
            head, body = await self._fetched(head, question.reply)
        if "error" in head:
            error = head["error"]
            raise RocketError(error["code"], error["message"], error.get("details", ()), head.get("h"))
        if question.reply is Response:
            answer: Any = Response(head["s"], body, head["h"])
            return answer  # type: ignore[no-any-return]
        value: R = decode(question.reply, head["v"], body)
        return value

    def serve(self, service: str, version: str, endpoints: Mapping[type[Request[Any]], Handler]) -> None:
        """Answer the questions of `endpoints` as one replica of `service`."""
        micro = MicroService(self._connection, service, version)
        self._micros.append(micro)
        micro.start()
        for question, handler in endpoints.items():
            endpoint = Endpoint(question.name.replace(".", "-"), question.address(), queue_group=service)
            micro.add(endpoint, self._accept(endpoint, question, handler))

    async def stop(self) -> None:
        """Take no more requests than those on their way; other replicas, or nobody, will."""
        for micro in self._micros:
            await micro.stop()

    async def drain(self, limit: float) -> None:
        """Wait up to `limit` seconds for the requests under way."""
        if tasks := self._running.tasks():
            await asyncio.wait(tasks, timeout=limit)

    def _accept(self, endpoint: Endpoint, question: type[Request[Any]], handler: Handler) -> Callable[[Message], None]:
        def accept(request: Message) -> None:
            if is_batch(request):
                for part in decode_batch(request):
                    accept(part)
                return
            if len(self._running) >= CONCURRENCY:
                self._connection.answer(request, _refusal(unavailable(question.service)))
                return
            self._running.begin(self._answer(endpoint, question, handler, request))

        return accept

    async def _answer(
        self, endpoint: Endpoint, question: type[Request[Any]], handler: Handler, request: Message
    ) -> None:
        began, failure = time.perf_counter_ns(), ""
        try:
            payload = await self._worked_out(question, handler, request)
        except asyncio.CancelledError:
            if not self._running.overdue():
                raise
            payload, failure = _refusal(RocketError("TIMEOUT", "The request took too long")), "TIMEOUT"
        except Exception as error:
            known = as_rocket_error(error, question.name)
            payload, failure = _refusal(known), known.code if known.status >= 500 else ""
        endpoint.answered(began, failure)
        try:
            self._connection.answer(request, payload)
        except Exception as error:
            log.warning("ask.reply_lost", question=question.name, error=type(error).__name__)

    async def _worked_out(self, question: type[Request[Any]], handler: Handler, request: Message) -> bytes:
        context = Context.from_block(request.block)
        self._running.limit(context.remaining())
        await self._verifier.check(context, question.by_services)
        head, body = unpack(request.data, question)
        if "parcel" in head:
            head, body = await self._fetched(head, question)
        with tracing.remote(context):
            reply = await handler(context, decode(question, head, body))
        return self._reply_payload(reply)

    def _payload(self, head: dict[str, Any], body: bytes) -> bytes:
        if len(body) > INLINE // 2:
            check = self._claim_checks.leave(pack(head, body))
            return pack({"parcel": (check.subject, check.size)})
        payload = pack(head, body)
        if len(payload) <= INLINE:
            return payload
        check = self._claim_checks.leave(payload)
        return pack({"parcel": (check.subject, check.size)})

    def _reply_payload(self, reply: Any) -> bytes:
        if isinstance(reply, Response):
            return self._payload({"s": reply.status, "h": reply.headers}, reply.body)
        head, body = encode(reply)
        return self._payload({"v": head}, body)

    async def _fetched(self, head: dict[str, Any], kind: type[Any]) -> tuple[dict[str, Any], bytes]:
        return unpack(await self._claim_checks.fetch(ClaimCheck(*head["parcel"]), MAX_BODY), kind)


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
