"""Requests over NATS: batched per turn of the event loop, large payloads by claim check, `nats micro` statistics."""

from __future__ import annotations

from collections.abc import Mapping

from nats.errors import NoRespondersError

from libs.shared.bus.nats.batching import decode_batch, is_batch
from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.nats.protocol import Message
from libs.shared.bus.rpc.claim_check import MAX_INLINE_BYTES, PREFIX, ClaimChecks
from libs.shared.bus.rpc.micro_service import MicroService
from libs.shared.bus.rpc.transport import Accept, Endpoint, NoReceiver, Serving


class NatsTransport:
    """The Transport of services that run in processes of their own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._claim_checks = ClaimChecks(connection)

    def open(self) -> None:
        """Begin to serve the payloads that claim checks stand for."""
        self._claim_checks.open()

    async def request(self, subject: str, payload: bytes, timeout_s: float, block: bytes) -> bytes:
        """The response payload. Raises as `Transport.request` says."""
        if len(payload) > MAX_INLINE_BYTES:
            payload = self._claim_checks.issue(payload)
        try:
            message = await self._connection.request_batched(subject, payload, timeout_s, block)
        except NoRespondersError:
            raise NoReceiver(subject) from None
        return message.data

    def serve(self, service: str, version: str, endpoints: Mapping[str, tuple[Endpoint, Accept]]) -> Serving:
        """Serve requests as a NATS micro service in the queue group of `service`."""
        micro = MicroService(self._connection, service, version)
        micro.start()
        for endpoint, accept in endpoints.values():
            micro.add(endpoint, _accept_batches(accept))
        return micro

    def must_fetch(self, payload: bytes) -> bool:
        """Whether a payload is a claim check."""
        return payload.startswith(PREFIX)

    async def fetch(self, payload: bytes) -> bytes:
        """The payload of a claim check. Raises as `Transport.fetch` says."""
        return await self._claim_checks.redeem(payload)

    def respond(self, message: Message, payload: bytes) -> None:
        """Send the response to a request message."""
        if len(payload) > MAX_INLINE_BYTES:
            payload = self._claim_checks.issue(payload)
        self._connection.respond(message, payload)


def _accept_batches(accept: Accept) -> Accept:
    def receive(message: Message) -> None:
        if is_batch(message):
            for part in decode_batch(message):
                accept(part)
        else:
            accept(message)

    return receive
