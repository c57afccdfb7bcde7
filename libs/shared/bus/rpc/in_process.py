"""Requests between services that share a process: the same payloads, limits and errors, without a network."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Mapping

from libs.shared.bus.rpc.transport import Accept, Endpoint, NoReceiver, Serving, is_too_large, refuse_too_large


class LocalRequest:
    """A request message that waits for its response in the same process."""

    __slots__ = ("block", "data", "response")

    def __init__(self, block: bytes, data: bytes) -> None:
        self.block = block
        self.data = data
        self.response: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()


class InProcessTransport:
    """The Transport that services of one process share. One service serves each subject."""

    def __init__(self) -> None:
        self._accepts: dict[str, tuple[Accept, contextvars.Context]] = {}

    def open(self) -> None:
        """Nothing to prepare."""

    async def request(self, subject: str, payload: bytes, timeout_s: float, block: bytes) -> bytes:
        """The response payload. Raises as `Transport.request` says."""
        served = self._accepts.get(subject)
        if served is None:
            raise NoReceiver(subject)
        accept, context = served
        message = LocalRequest(block, payload)
        # In the server's context: a caller's transaction, span and log fields are not the handler's.
        asyncio.get_running_loop().call_soon(accept, message, context=context)
        async with asyncio.timeout(timeout_s):
            return await message.response

    def serve(self, service: str, version: str, endpoints: Mapping[str, tuple[Endpoint, Accept]]) -> Serving:
        """Serve requests until the result is stopped. Raises ValueError if a subject is served already."""
        if taken := endpoints.keys() & self._accepts.keys():
            raise ValueError(f"served already: {', '.join(sorted(taken))}")
        context = contextvars.copy_context()
        self._accepts |= {subject: (accept, context) for subject, (_, accept) in endpoints.items()}
        return _LocalServing(self._accepts, list(endpoints))

    def must_fetch(self, payload: bytes) -> bool:
        """Whether a payload is over the limit, which `fetch` refuses as that of NATS does."""
        return is_too_large(len(payload))

    async def fetch(self, payload: bytes) -> bytes:
        """Raises PAYLOAD_TOO_LARGE over the limit."""
        refuse_too_large(len(payload))
        return payload

    def respond(self, message: LocalRequest, payload: bytes) -> None:
        """Hand the response to the caller, unless it has given up."""
        if not message.response.done():
            message.response.set_result(payload)


class _LocalServing:
    """The subjects of one service."""

    def __init__(self, accepts: dict[str, tuple[Accept, contextvars.Context]], subjects: list[str]) -> None:
        self._accepts = accepts
        self._subjects = subjects

    async def stop(self) -> None:
        """Serve these subjects no longer."""
        for subject in self._subjects:
            self._accepts.pop(subject, None)
