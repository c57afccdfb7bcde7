"""The chunk protocol, both ways: what is larger than a message is left with its sender and fetched.

The sender keeps the bytes, bounded in number, size and time, and tells a ticket; the receiver pulls
chunk by chunk with a small window of outstanding requests. The pulls are the credits: a sender never
has more under way than the receiver asked for.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

import structlog
from nats.errors import Error as NatsError

from libs.shared.bus.nats.connection import MAX_PAYLOAD, Connection
from libs.shared.bus.nats.protocol import Message
from libs.shared.errors import RocketError, unavailable

log = structlog.get_logger()

INLINE = MAX_PAYLOAD - 64 * 1024
"""Payloads up to this many bytes travel in the message itself (room is left for headers)."""
CHUNK = 512 * 1024
WINDOW = 4
"""Chunks a receiver has under way at once."""
PULL = 5.0
"""Seconds for one chunk."""
KEEP = 30.0
"""Seconds a parcel waits to be fetched."""
MAX_HELD = 256 * 1024 * 1024
"""Bytes a process holds in parcels before it refuses more."""


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """Where a parcel lies and how large it is."""

    subject: str
    size: int


class ClaimChecks:
    """The parcels a process holds for others, and its way to fetch theirs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._prefix = f"rocket.parcels.{secrets.token_hex(8)}"
        self._held: dict[str, bytes] = {}
        self._bytes = 0

    def open(self) -> None:
        """Begin to answer pulls."""
        self._connection.subscribe(f"{self._prefix}.*", self._serve)

    def leave(self, payload: bytes) -> ClaimCheck:
        """Keep `payload` for KEEP seconds. Raises SERVICE_UNAVAILABLE when too much is held already."""
        if self._bytes + len(payload) > MAX_HELD:
            raise unavailable("transfer buffer")
        key = secrets.token_hex(12)
        self._held[key] = payload
        self._bytes += len(payload)
        asyncio.get_running_loop().call_later(KEEP, self._drop, key)
        return ClaimCheck(f"{self._prefix}.{key}", len(payload))

    async def fetch(self, check: ClaimCheck, limit: int) -> bytes:
        """The bytes of a parcel. Raises PAYLOAD_TOO_LARGE over `limit`, SERVICE_UNAVAILABLE if it is gone."""
        if check.size > limit:
            raise RocketError("PAYLOAD_TOO_LARGE", f"The payload has {check.size} bytes, {limit} are allowed")
        window = asyncio.Semaphore(WINDOW)

        async def pull(offset: int) -> bytes:
            async with window:
                return await self._pull(check.subject, offset)

        chunks = await asyncio.gather(*(pull(offset) for offset in range(0, check.size, CHUNK)))
        return b"".join(chunks)

    async def _pull(self, subject: str, offset: int) -> bytes:
        try:
            reply = await self._connection.request(subject, str(offset).encode(), PULL)
        except (NatsError, TimeoutError):
            raise unavailable("transfer") from None
        if not reply.data:
            raise unavailable("transfer")
        return reply.data

    def _serve(self, message: Message) -> None:
        key = message.subject.rsplit(".", 1)[1]
        payload = self._held.get(key, b"")
        offset = int(message.data)
        self._connection.send(message.reply_to, payload[offset : offset + CHUNK])
        if payload and offset + CHUNK >= len(payload):
            # Chunks may be asked for again after a lost answer, so it is kept a little longer.
            asyncio.get_running_loop().call_later(PULL, self._drop, key)

    def _drop(self, key: str) -> None:
        self._bytes -= len(self._held.pop(key, b""))
