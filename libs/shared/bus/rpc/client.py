"""Sends typed requests to other services and decodes their responses."""

from __future__ import annotations

from typing import Any, TypeVar

from libs.shared.bus.codec import decode, encode, pack, unpack
from libs.shared.bus.rpc.failures import decode_error, timed_out
from libs.shared.bus.rpc.signed_contexts import ContextSigner
from libs.shared.bus.rpc.transport import NoReceiver, Transport
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Request, Response
from libs.shared.errors import RocketError, unavailable
from libs.shared.telemetry import tracing

R = TypeVar("R")

GRACE_S = 0.25
"""Seconds that a caller waits longer than the server works, so that the server's own TIMEOUT arrives."""


class RpcClient:
    """Sends requests over a transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._signer: ContextSigner | None = None

    def sign_with(self, signer: ContextSigner) -> None:
        """Sign the contexts of all further requests; only gateways can."""
        self._signer = signer

    async def request(self, request: Request[R], context: Context) -> R:
        """The response of the service that owns `request`.

        Raises the RocketError that it refused with; SERVICE_UNAVAILABLE at once when no replica listens; TIMEOUT when
        the context's deadline passes.
        """
        payload = pack(*encode(request))
        remaining = context.remaining()
        if remaining <= 0:
            raise timed_out()
        if self._signer is not None:
            context = await self._signer.signed(context)
        try:
            response = await self._transport.request(
                request.address(), payload, remaining + GRACE_S, tracing.propagate(context).block()
            )
        except NoReceiver:
            raise unavailable(request.service) from None
        except TimeoutError:
            raise RocketError("TIMEOUT", f"{request.service} did not answer in time") from None
        if self._transport.must_fetch(response):
            response = await self._transport.fetch(response)
        return _decode_response(request, response)


def _decode_response(request: Request[R], payload: bytes) -> R:
    """The response in a payload. Raises the RocketError in it."""
    head, body = unpack(payload, request.reply)
    if "error" in head:
        raise decode_error(head)
    if request.reply is Response:
        response: Any = Response(head["s"], body, head["h"])
        return response  # type: ignore[no-any-return]
    value: R = decode(request.reply, head["v"], body)
    return value
