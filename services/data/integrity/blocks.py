"""The blocks of the hash chain: their content, signature, and comparison with the log. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SHORT_BYTES = 8
"""Bytes that a block keeps of each entry's digest."""
GENESIS_HASH = bytes(32)
"""What the first block takes for its predecessor's hash."""


@dataclass(frozen=True, slots=True)
class Block:
    """A range of positions, both ends included, chained to its predecessor by its hash."""

    first: int
    last: int
    entries: int
    digests: bytes
    hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class RepairRecord:
    """The digests of an entry before and after it was repaired."""

    sealed: bytes
    repaired: bytes
    signature: bytes


def signing_key(secret: str, app_id: str) -> bytes:
    """The key that an app's blocks are signed with."""
    return hmac.digest(secret.encode(), f"rocket/seals/{app_id}".encode(), "sha256")


def make_block(key: bytes, previous: bytes, first: int, last: int, digests: Sequence[bytes]) -> Block:
    """The block of a range, given the SHA-256 of each of its entries in order, and the hash of the block before."""
    content = hashlib.sha256(b"".join(digests)).digest()
    head = f"{first}-{last}/{len(digests)}".encode()
    chained = hashlib.sha256(previous + head + content).digest()
    short = b"".join(digest[:SHORT_BYTES] for digest in digests)
    return Block(first, last, len(digests), short, chained, hmac.digest(key, chained, "sha256"))


def first_difference(recorded: bytes, found: Sequence[bytes]) -> int | None:
    """The index of the first entry that differs from its recorded digest; None if all are as recorded."""
    expected = [recorded[start : start + SHORT_BYTES] for start in range(0, len(recorded), SHORT_BYTES)]
    for index, digest in enumerate(found):
        if index >= len(expected) or digest[:SHORT_BYTES] != expected[index]:
            return index
    return len(found) if len(found) < len(expected) else None


def digests_before_repairs(
    key: bytes,
    recorded: bytes,
    found: Sequence[tuple[int, int, bytes]],
    repairs: Mapping[tuple[int, int], RepairRecord],
) -> list[bytes]:
    """The digests of a range (position, n, digest), those of repaired entries as they were when the block was made.

    An entry whose block was made after its repair, or that was repaired to what had been recorded, keeps its digest.
    """
    digests = []
    for index, (position, n, digest) in enumerate(found):
        repair = repairs.get((position, n))
        if (
            repair is not None
            and digest[:SHORT_BYTES] != recorded[index * SHORT_BYTES : (index + 1) * SHORT_BYTES]
            and digest == repair.repaired
            and hmac.compare_digest(repair.signature, repair_signature(key, position, n, repair.sealed, digest))
        ):
            digest = repair.sealed
        digests.append(digest)
    return digests


def repair_signature(key: bytes, position: int, n: int, before: bytes, after: bytes) -> bytes:
    """Proves that one of our services has repaired an entry, given its digests before and after."""
    return hmac.digest(key, f"repair/{position}.{n}/".encode() + before + after, "sha256")
