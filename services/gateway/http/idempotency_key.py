"""The `Idempotency-Key` header: the key per user and route, and a hash of the request that it came with."""

from __future__ import annotations

import hashlib
import re

from aiohttp import web

from libs.shared.contracts.context import Context, IdempotencyKey
from libs.shared.errors import RocketError

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")


def with_idempotency_key(request: web.Request, context: Context, body: bytes) -> Context:
    """The context with the caller's Idempotency-Key, if one was sent. Raises INVALID_PAYLOAD."""
    key = request.headers.get(HEADER)
    if key is None:
        return context
    if not KEY.fullmatch(key):
        raise RocketError("INVALID_PAYLOAD", f"{HEADER} must be 1 to 255 printable ASCII characters")
    # Per user and route: the same key at another address is another key.
    place = _hash(context.user.id.encode(), request.method.encode(), request.rel_url.raw_path.encode(), key.encode())
    return context._replace(idempotency=IdempotencyKey(place, _hash(request.query_string.encode(), body)))


def _hash(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()
