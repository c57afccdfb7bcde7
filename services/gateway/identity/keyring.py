"""Signing keys of access tokens: every scope (an app, or the platform) has its own, in generations.

A key is HMAC-SHA-256 of the platform's secret over scope and generation (as HKDF's expand step, RFC 5869,
with one block), so none is stored. A rotation raises the generation; the former ones are good for as long
as it says. A scope that was never rotated is in its first generation.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

PLATFORM = "platform"
"""The scope of the platform's accounts; an app's is its id."""
FIRST_KEY_NUMBER = 1
NO_EXPIRY = float("inf")


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation as stored; `good_until` in Unix seconds, None for the one that signs."""

    scope: str
    number: int
    good_until: float | None


class Keyring:
    """The keys of all scopes, and which generations of them are good."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._rings: dict[str, dict[int, float]] = {}
        self._keys: dict[tuple[str, int], bytes] = {}

    def learn(self, generations: Iterable[Generation]) -> None:
        """Add or update stored generations; those of other scopes stay."""
        for each in generations:
            ring = self._rings.setdefault(each.scope, {})
            ring[each.number] = NO_EXPIRY if each.good_until is None else each.good_until

    def current(self, scope: str) -> int:
        """The generation that signs."""
        ring = self._rings.get(scope)
        return max(ring) if ring else FIRST_KEY_NUMBER

    def is_good(self, scope: str, generation: int, now: float) -> bool:
        """Whether tokens of this generation are accepted."""
        ring = self._rings.get(scope)
        return generation == FIRST_KEY_NUMBER if ring is None else ring.get(generation, 0.0) > now

    def key(self, scope: str, generation: int) -> bytes:
        """The key itself; only for generations that are good, as it is remembered."""
        key = self._keys.get((scope, generation))
        if key is None:
            info = f"access/{scope}/{generation}".encode()
            key = self._keys[scope, generation] = hmac.new(self._secret, info, hashlib.sha256).digest()
        return key


def key_id(scope: str, generation: int) -> str:
    """The `kid` of tokens of a generation."""
    return f"{scope}.{generation}"


def read_key_id(text: object) -> tuple[str, int] | None:
    """Scope and generation of a `kid`; None if it is malformed."""
    scope, dot, number = text.rpartition(".") if isinstance(text, str) else ("", "", "")
    if not dot or not number.isascii() or not number.isdigit() or len(number) > 6:
        return None
    return scope, int(number)
