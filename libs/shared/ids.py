"""Identifiers: time-ordered UUIDs, tolerant parsing, short hashes for partitions."""

from __future__ import annotations

import hashlib
import os
import random
import time
import uuid
import zlib

from asyncpg.pgproto.pgproto import UUID as UUID


class _Clock:
    """The moment of the last id, and the count within it."""

    moment = 0
    count = 0


COUNT_BITS = 42
TAIL = (1 << 30) - 1


def uuid7() -> UUID:
    """A UUID version 7 (RFC 9562, 5.7 and 6.2): 48 bits of Unix milliseconds, 42 bits that count, 32 random bits.

    Those of one process are in the order of their making; each millisecond's count begins anywhere in its lower half.
    Time-ordered keys keep B-tree inserts at the right edge of the index. Like those that asyncpg reads, it is of
    asyncpg's kind: read from text and written in C, in an eighth and a tenth of the time.
    """
    moment = time.time_ns() // 1_000_000
    noise = int.from_bytes(os.urandom(10), "big")
    if moment > _Clock.moment:
        _Clock.moment, _Clock.count = moment, noise >> 80 - (COUNT_BITS - 1)
    else:
        _Clock.count += 1
        if _Clock.count >> COUNT_BITS:
            _Clock.moment, _Clock.count = _Clock.moment + 1, 0
    count = _Clock.count
    value = _Clock.moment << 80 | 0x7 << 76 | count >> 30 << 64 | 0x2 << 62 | (count & TAIL) << 32 | noise & 0xFFFFFFFF
    return UUID(value.to_bytes(16, "big"))


def random_uuid() -> str:
    """A UUID version 4 (RFC 9562, 5.4) as text, for ids that need not be secret, such as those of traces.

    It uses the generator of the process, which is reseeded after each fork. uuid.uuid4() takes six times as long.
    """
    value = random.getrandbits(128) & ~(0xF << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62
    return str(UUID(value.to_bytes(16, "big")))


def named_uuid(space: uuid.UUID, name: str) -> str:
    """A UUID version 5 (RFC 9562, 5.5) as text: the same for the same name. At a third of uuid.uuid5()'s price."""
    digest = bytearray(hashlib.sha1(space.bytes + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x50, digest[8] & 0x3F | 0x80
    return str(UUID(bytes(digest)))


def parse_uuid(text: object) -> UUID | None:
    """The UUID written in `text` in its usual 36-character form, or None."""
    if not isinstance(text, str) or len(text) != 36:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def partition_of(key: str, partitions: int) -> int:
    """The partition of `key`, from 0 to `partitions` - 1. The hash (CRC-32) must never change: streams depend on it."""
    return zlib.crc32(key.encode()) % partitions
