"""Signs requests as Standard Webhooks 1.0 specifies. Pure: time is a parameter.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
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


def signature_headers(keys: Sequence[bytes], message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """`webhook-id`, `webhook-timestamp` (Unix seconds) and `webhook-signature`: one `v1,…` for each key."""
    timestamp = str(int(now.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    signatures = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
