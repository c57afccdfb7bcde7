"""Encodes batches of log entries for other services, as they would be published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from libs.shared.bus.codec import pack, unpack
from libs.shared.bus.nats.jetstream import Outgoing

LENGTH_BYTES = 4
"""Bytes of the length in front of an entry."""


def encode_entries(entries: Iterable[Outgoing]) -> bytes:
    """Entries as one body."""
    parts: list[bytes] = []
    for entry in entries:
        packed = pack([*entry.position, entry.subject, entry.headers], entry.payload)
        parts += (len(packed).to_bytes(LENGTH_BYTES), packed)
    return b"".join(parts)


def decode_entries(body: bytes) -> Iterator[Outgoing]:
    """The entries of a body."""
    start = 0
    while start < len(body):
        behind = start + LENGTH_BYTES
        end = behind + int.from_bytes(body[start:behind])
        (position, n, subject, headers), payload = unpack(body[behind:end])
        yield Outgoing((position, n), subject, payload, headers)
        start = end
