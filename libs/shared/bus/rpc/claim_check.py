"""Claim checks: a payload larger than a message stays with its sender, and the receiver fetches it.

The sender keeps the bytes, bounded in number, size and time, and sends a claim check. The receiver pulls chunk by
chunk, a few at a time, so the sender never has more under way than the receiver asked for.
"""

from __future__ import annotations

import asyncio
import secrets

from nats.errors import Error as NatsError

from libs.shared.bus.codec import pack, unpack
from libs.shared.bus.nats.connection import MAX_PAYLOAD_BYTES, Connection
from libs.shared.bus.nats.protocol import Message
from libs.shared.bus.rpc.transport import refuse_too_large
from libs.shared.errors import unavailable

MAX_INLINE_BYTES = (MAX_PAYLOAD_BYTES - 64 * 1024) // 2
"""Bytes of the largest payload that travels in the message itself; larger messages would hold up those behind them."""
CHUNK_BYTES = 512 * 1024
MAX_CONCURRENT_PULLS = 4
"""Chunks that a receiver has under way at once."""
PULL_TIMEOUT_S = 5.0
"""Seconds for one chunk."""
KEEP_S = 30.0
"""Seconds that a payload waits to be fetched."""
MAX_HELD_BYTES = 256 * 1024 * 1024
"""Bytes that a process holds before it refuses more."""
PREFIX = b'{"parcel":['
"""How every claim check begins, and no other payload."""


class ClaimChecks:
    """The payloads that a process holds for others, and its way to fetch theirs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._prefix = f"rocket.parcels.{secrets.token_hex(8)}"
        self._held: dict[str, bytes] = {}
        self._bytes = 0

    def open(self) -> None:
        """Begin to serve pulls."""
        self._connection.subscribe(f"{self._prefix}.*", self._serve)

    def issue(self, payload: bytes) -> bytes:
        """Keep `payload` for KEEP_S seconds; returns its claim check. Raises SERVICE_UNAVAILABLE when full."""
        if self._bytes + len(payload) > MAX_HELD_BYTES:
            raise unavailable("transfer buffer")
        key = secrets.token_hex(12)
        self._held[key] = payload
        self._bytes += len(payload)
        asyncio.get_running_loop().call_later(KEEP_S, self._drop, key)
        return pack({"parcel": (f"{self._prefix}.{key}", len(payload))})

    async def redeem(self, claim_check: bytes) -> bytes:
        """The payload of a claim check. Raises PAYLOAD_TOO_LARGE over the limit, SERVICE_UNAVAILABLE if it is gone."""
        subject, size = unpack(claim_check)[0]["parcel"]
        refuse_too_large(size)
        permits = asyncio.Semaphore(MAX_CONCURRENT_PULLS)

        async def pull(offset: int) -> bytes:
            async with permits:
                return await self._pull(subject, offset)

        chunks = await asyncio.gather(*(pull(offset) for offset in range(0, size, CHUNK_BYTES)))
        return b"".join(chunks)

    async def _pull(self, subject: str, offset: int) -> bytes:
        try:
            reply = await self._connection.request(subject, str(offset).encode(), PULL_TIMEOUT_S)
        except (NatsError, TimeoutError):
            raise unavailable("transfer") from None
        if not reply.data:
            raise unavailable("transfer")
        return reply.data

    def _serve(self, message: Message) -> None:
        key = message.subject.rsplit(".", 1)[1]
        payload = self._held.get(key, b"")
        offset = int(message.data)
        self._connection.send(message.reply_to, payload[offset : offset + CHUNK_BYTES])
        if payload and offset + CHUNK_BYTES >= len(payload):
            # A chunk may be pulled again after a lost response, so the payload is kept a little longer.
            asyncio.get_running_loop().call_later(PULL_TIMEOUT_S, self._drop, key)

    def _drop(self, key: str) -> None:
        self._bytes -= len(self._held.pop(key, b""))
