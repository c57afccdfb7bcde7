"""What a seal is made of: pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SHORT = 8
"""Bytes that a seal keeps of each entry's digest."""
START = bytes(32)
"""What the first seal takes for its predecessor's hash."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed range of positions, both ends included."""

    first: int
    last: int
    entries: int
    digests: bytes
    hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Repair:
    """The digests of an entry before and after it was repaired."""

    sealed: bytes
    repaired: bytes
    signature: bytes


def key_of(secret: str, app_id: str) -> bytes:
    """The key that an app's seals are signed with."""
    return hmac.digest(secret.encode(), f"rocket/seals/{app_id}".encode(), "sha256")


def seal_of(key: bytes, previous: bytes, first: int, last: int, digests: Sequence[bytes]) -> Seal:
    """The seal of a range, given the SHA-256 of each of its entries in order, and the hash of the seal before."""
    content = hashlib.sha256(b"".join(digests)).digest()
    head = f"{first}-{last}/{len(digests)}".encode()
    chained = hashlib.sha256(previous + head + content).digest()
    short = b"".join(digest[:SHORT] for digest in digests)
    return Seal(first, last, len(digests), short, chained, hmac.digest(key, chained, "sha256"))


def first_difference(sealed: bytes, found: Sequence[bytes]) -> int | None:
    """The place of the first entry that is not as it was sealed; None if none of them is another."""
    expected = [sealed[start : start + SHORT] for start in range(0, len(sealed), SHORT)]
    for place, digest in enumerate(found):
        if place >= len(expected) or digest[:SHORT] != expected[place]:
            return place
    return len(found) if len(found) < len(expected) else None


def as_sealed(
    key: bytes, sealed: bytes, found: Sequence[tuple[int, int, bytes]], repairs: Mapping[tuple[int, int], Repair]
) -> list[bytes]:
    """The digests of a range (position, n, digest) with those of repaired entries as they were sealed.

    An entry that was sealed after its repair, or repaired to what had been sealed, has the digest it was sealed with.
    """
    digests = []
    for place, (position, n, digest) in enumerate(found):
        repair = repairs.get((position, n))
        if (
            repair is not None
            and digest[:SHORT] != sealed[place * SHORT : (place + 1) * SHORT]
            and digest == repair.repaired
            and hmac.compare_digest(repair.signature, signature_of(key, position, n, repair.sealed, digest))
        ):
            digest = repair.sealed
        digests.append(digest)
    return digests


def signature_of(key: bytes, position: int, n: int, sealed: bytes, repaired: bytes) -> bytes:
    """What says that one of our services has repaired an entry: digests before and after."""
    return hmac.digest(key, f"repair/{position}.{n}/".encode() + sealed + repaired, "sha256")
