"""Headers that every response has besides its own: security, limits, CORS."""

from __future__ import annotations

from aiohttp import web

from services.gateway.http.aiohttp_internals import AddHeaders
from services.gateway.http.cors import Cors
from services.gateway.limits.limiter import QUOTA
from services.gateway.limits.settings import LimitSettings

POLICY = "Content-Security-Policy"
SERVER = "Server"
SECURITY = {
    SERVER: "Rocket",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    POLICY: "default-src 'none'; frame-ancestors 'none'",
}
"""No sniffing of types, no frames, no scripts, unless a response says otherwise; and no versions of libraries."""


def header_hook(settings: LimitSettings, cors: Cors) -> AddHeaders:
    """A function that adds these headers to a response, streamed ones included, before its head is written."""
    always = dict(SECURITY)
    if settings.hsts_seconds:
        always["Strict-Transport-Security"] = f"max-age={settings.hsts_seconds}; includeSubDomains"
    counted = settings.rates is not None

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        # aiohttp has named itself and its version already, so nothing is only added.
        if POLICY in headers:
            # An answer with a policy of its own, such as a page or a file, may say the rest otherwise too.
            headers.update({name: value for name, value in always.items() if name not in headers or name == SERVER})
        else:
            headers.update(always)
        if counted and QUOTA in request and "RateLimit-Limit" not in headers:
            headers.update(request[QUOTA].headers())
        if "Origin" in request.headers:
            headers.update(await cors.headers_for(request))

    return add_headers
