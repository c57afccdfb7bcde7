"""The secret that a webhook's requests are signed with, and their signature (Standard Webhooks 1.0).

It derives from the platform's secret, the app's id, the webhook's id and a salt, so no store holds it:
a copy of the database is worth nothing without the platform's secret, as with an encrypted one. The
first salt is empty; rotation makes a random one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
FIRST_SALT = ""


def signing_key(platform_secret: str, app_id: str, webhook_id: str, salt: str = FIRST_SALT) -> bytes:
    """The 32 bytes of the secret: HMAC-SHA-256 over its purpose."""
    purpose = f"webhook signature/{app_id}/{webhook_id}/{salt}"
    return hmac.new(platform_secret.encode(), purpose.encode(), hashlib.sha256).digest()


def format_secret(key: bytes) -> str:
    """The secret as people and verifying libraries get it: `whsec_` and Base64."""
    return PREFIX + base64.b64encode(key).decode()


def read_secret(text: str) -> bytes:
    """The key of a secret: of `whsec_` and Base64, or the bytes of any other text."""
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else text.encode()
    except ValueError:
        return text.encode()


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
