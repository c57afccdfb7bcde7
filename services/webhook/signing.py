"""The salts that the secrets of a webhook derive from, and how they are rotated. Pure: time is a parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from libs.shared.schema.webhook_secrets import FIRST_SALT

PREVIOUS_SECRET_LIFETIME = timedelta(hours=24)
"""How long a rotated secret stays valid beside its successor."""
MAX_PREVIOUS_SALTS = 4
"""Rotated secrets that still sign requests."""


@dataclass(frozen=True, slots=True)
class Salts:
    """The salts that a webhook's secrets derive from: the current one, and rotated ones with their expiry."""

    current: str = FIRST_SALT
    previous: Sequence[tuple[str, datetime]] = ()

    def valid(self, now: datetime) -> list[str]:
        """The salts to sign with, the current one first."""
        return [self.current, *(salt for salt, until in self.previous if until > now)]

    def rotated(self, salt: str, now: datetime) -> Salts:
        """These salts with a new current one. The previous salt stays valid for PREVIOUS_SECRET_LIFETIME."""
        still = [(old, until) for old, until in self.previous if until > now]
        return Salts(salt, [(self.current, now + PREVIOUS_SECRET_LIFETIME), *still][:MAX_PREVIOUS_SALTS])

    @classmethod
    def read(cls, current: str | None, previous: Sequence[Any] | None) -> Salts:
        """The salts of a stored row; there is none before the first rotation."""
        if current is None:
            return cls()
        return cls(current, [(salt, datetime.fromisoformat(until)) for salt, until in previous or ()])
