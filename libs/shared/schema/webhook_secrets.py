"""The secret that a webhook's requests are signed with (Standard Webhooks 1.0).

It derives from the platform's secret, the app's id, the webhook's id and a salt, so no store holds it:
a copy of the database is worth nothing without the platform's secret, as with an encrypted one. The
first salt is empty; rotation makes a random one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

PREFIX = "whsec_"
FIRST_SALT = ""


def signing_key(platform_secret: str, app_id: str, webhook_id: str, salt: str = FIRST_SALT) -> bytes:
    """The 32 bytes of the secret: HMAC-SHA-256 over its purpose."""
    purpose = f"webhook signature/{app_id}/{webhook_id}/{salt}"
    return hmac.new(platform_secret.encode(), purpose.encode(), hashlib.sha256).digest()


def format_secret(key: bytes) -> str:
    """The secret as people and verifying libraries get it: `whsec_` and Base64."""
    return PREFIX + base64.b64encode(key).decode()
