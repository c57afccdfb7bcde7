"""Refuses doubled headers: a proxy before the gateway could believe the one, and the gateway the other."""

from __future__ import annotations

from aiohttp import web

from libs.shared.errors import RocketError

SINGLE = {
    name.lower().encode(): name
    for name in (
        *("Host", "Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding", "Expect", "Origin"),
        *("If-Match", "If-None-Match", "If-Range", "Range", "Last-Event-ID", "Idempotency-Key", "X-Trace-ID"),
    )
}
"""Name in lower case → as it is written. Several credentials are refused in identity/credentials.py."""


class DoubledHeader(Exception):
    """A header was sent more than once."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.error = RocketError("INVALID_PAYLOAD", f"{name} must be sent only once")


def refuse_doubled(request: web.BaseRequest) -> None:
    """Raises DoubledHeader naming the first header that is there twice and may not be."""
    names = [name.lower() for name, _ in request.raw_headers]
    if len(set(names)) == len(names):
        return
    for name, written in SINGLE.items():
        if names.count(name) > 1:
            raise DoubledHeader(written)
