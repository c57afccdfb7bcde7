"""Serves typed requests: each in a task of its own, bounded in number, within the deadline that its context carries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from libs.shared.bus.codec import decode, encode, pack, unpack
from libs.shared.bus.rpc.deadlines import Deadlines
from libs.shared.bus.rpc.failures import as_rocket_error, encode_error, timed_out
from libs.shared.bus.rpc.signed_contexts import ContextVerifier
from libs.shared.bus.rpc.transport import Accept, Endpoint, RequestMessage, Serving, Transport
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Request, Response
from libs.shared.errors import unavailable
from libs.shared.telemetry import tracing

log = structlog.get_logger()

RequestHandler = Callable[[Context, Any], Awaitable[Any]]

MAX_CONCURRENT_REQUESTS = 256
"""Requests that a replica works on at once; further ones are refused with SERVICE_UNAVAILABLE."""


class RpcServer:
    """Serves the requests of one process over a transport."""

    def __init__(self, transport: Transport, verifier: ContextVerifier) -> None:
        self._transport = transport
        self._verifier = verifier
        self._running = Deadlines()
        self._servings: list[Serving] = []
        self.endpoints: list[Endpoint] = []
        """What is served, with its statistics."""

    def serve(self, service: str, version: str, endpoints: Mapping[type[Request[Any]], RequestHandler]) -> None:
        """Serve the requests of `endpoints` as one replica of `service`."""
        served = {}
        for kind, handler in endpoints.items():
            endpoint = Endpoint(kind.name.replace(".", "-"), kind.address(), queue_group=service)
            self.endpoints.append(endpoint)
            served[endpoint.subject] = (endpoint, self._accept(endpoint, kind, handler))
        self._servings.append(self._transport.serve(service, version, served))

    async def stop(self) -> None:
        """Accept no more requests than those on their way; other replicas serve them, or none does."""
        for serving in self._servings:
            await serving.stop()

    async def drain(self, limit_s: float) -> None:
        """Wait up to `limit_s` seconds for the requests under way."""
        if tasks := self._running.tasks():
            await asyncio.wait(tasks, timeout=limit_s)

    def _accept(self, endpoint: Endpoint, kind: type[Request[Any]], handler: RequestHandler) -> Accept:
        def accept(message: RequestMessage) -> None:
            if len(self._running) >= MAX_CONCURRENT_REQUESTS:
                self._transport.respond(message, encode_error(unavailable(kind.service)))
                return
            self._running.begin(self._respond(endpoint, kind, handler, message))

        return accept

    async def _respond(
        self, endpoint: Endpoint, kind: type[Request[Any]], handler: RequestHandler, message: RequestMessage
    ) -> None:
        began, failure = time.perf_counter_ns(), ""
        try:
            payload = await self._handle(kind, handler, message)
        except asyncio.CancelledError:
            if not self._running.overdue():
                raise
            payload, failure = encode_error(timed_out()), "TIMEOUT"
        except Exception as error:
            known = as_rocket_error(error, kind.name)
            payload, failure = encode_error(known), known.code if known.status >= 500 else ""
        endpoint.answered(began, failure)
        try:
            self._transport.respond(message, payload)
        except Exception as error:
            log.warning("rpc.response_lost", request=kind.name, error=type(error).__name__)

    async def _handle(self, kind: type[Request[Any]], handler: RequestHandler, message: RequestMessage) -> bytes:
        context = Context.from_block(message.block)
        self._running.limit(context.remaining())
        await self._verifier.check(context, kind.by_services)
        payload = message.data
        if self._transport.must_fetch(payload):
            payload = await self._transport.fetch(payload)
        head, body = unpack(payload, kind)
        with tracing.remote(context):
            return _encode_response(await handler(context, decode(kind, head, body)))


def _encode_response(response: Any) -> bytes:
    if isinstance(response, Response):
        return pack({"s": response.status, "h": response.headers}, response.body)
    head, body = encode(response)
    return pack({"v": head}, body)
