"""Links by which the receiver of a mail mutes what it was about, without logging in. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from libs.shared import exact

MAX_MUTED_CHARACTERS = 200


def muting_of(origin: str, entity: str | None, metadata: Mapping[str, Any]) -> dict[str, str] | None:
    """What a mail is about, as it can be muted; None if it can't."""
    if rule := metadata.get("rule"):
        return {"rule": str(rule)}
    workflow = metadata.get("workflow")
    if isinstance(workflow, Mapping) and workflow.get("name"):
        return {"workflow": str(workflow["name"])}
    return {"entity": entity} if entity and origin == "transition" else None


def token_of(secret: str, app_id: str, user_id: str, muted: Mapping[str, str]) -> str:
    """The token of a link: whom it is for, what it mutes, and a signature."""
    payload = base64.urlsafe_b64encode(exact.dumps([user_id, dict(muted)])).decode().rstrip("=")
    return f"{payload}.{_signature(secret, app_id, payload)}"


def read_token(secret: str, app_id: str, token: str) -> tuple[str, dict[str, str]] | None:
    """The user and what is muted; None for a token that this app has not made."""
    payload, _, signature = token.partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(secret, app_id, payload).encode()):
        return None
    user_id, muted = exact.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return user_id, muted


def link_of(public_url: str, app: str, token: str) -> str:
    """The address that a mail program posts to."""
    return f"{public_url.rstrip('/')}/api/{quote(app, safe='')}/_notifications/unsubscribe?token={token}"


def _signature(secret: str, app_id: str, payload: str) -> str:
    signed = f"unsubscribe/{app_id}/{payload}".encode()
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
