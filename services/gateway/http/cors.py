"""Which pages may call the API from a browser: the Fetch standard's CORS protocol.

CORS grants no access: a page still needs a token. Credentials that browsers add themselves (cookies) are not used, so
`Access-Control-Allow-Credentials` is never sent.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterable

from aiohttp import web

from libs.shared.errors import RocketError
from libs.shared.origins import ANY_ORIGIN

MAX_AGE_S = 600
"""Seconds for which a browser may cache a preflight."""
ALLOWED_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-API-Key, X-Trace-ID"
)
"""Headers that a page may send."""
EXPOSED_HEADERS = (
    "Content-Disposition, ETag, Idempotency-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
    "Retry-After, X-Commit, X-Trace-ID"
)
"""Headers of answers that a page may read."""
VARY = {"Vary": "Origin"}
APP = re.compile(r"/api/([a-z][a-z0-9_-]{0,62})/")

OfApp = Callable[[web.Request, str], Awaitable[Collection[str]]]
"""The origins that an app lets in besides, by its name; none for one that is not there."""


class Cors:
    """The origins that may call every app, and those that each app names itself."""

    def __init__(self, origins: Iterable[str], of_app: OfApp) -> None:
        self._origins = frozenset(origins)
        self._of_app = of_app

    async def headers_for(self, request: web.Request) -> dict[str, str]:
        """The headers of a response that allow the requesting page to read it; none, if it may not."""
        allowed = await self._allowed(request)
        return VARY if allowed is None else {**_allow(allowed), "Access-Control-Expose-Headers": EXPOSED_HEADERS}

    async def preflight(self, request: web.Request, methods: Iterable[str]) -> web.Response:
        """The response to a preflight request, which has no token. Raises FORBIDDEN."""
        allowed = await self._allowed(request)
        if allowed is None:
            raise RocketError("FORBIDDEN", "Pages of this origin may not call here", headers=VARY)
        headers = {
            **_allow(allowed),
            "Access-Control-Allow-Methods": ", ".join(sorted(methods)),
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Max-Age": str(MAX_AGE_S),
        }
        return web.Response(status=204, headers=headers)

    async def _allowed(self, request: web.Request) -> str | None:
        """The origin to allow: the requesting one, or any; None for neither."""
        if ANY_ORIGIN in self._origins:
            return ANY_ORIGIN
        origin = request.headers.get("Origin", "")
        if origin in self._origins:
            return origin
        match = APP.match(request.path)
        of_app = await self._of_app(request, match[1]) if match else ()
        if ANY_ORIGIN in of_app:
            return ANY_ORIGIN
        return origin if origin in of_app else None


def is_preflight(request: web.Request) -> bool:
    """Whether the request is a preflight."""
    return (
        request.method == "OPTIONS"
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
    )


def _allow(origin: str) -> dict[str, str]:
    return {"Access-Control-Allow-Origin": origin, **({} if origin == ANY_ORIGIN else VARY)}
