"""Authenticates a request and checks its rights: app, token, role, in this order."""

from __future__ import annotations

import re

from aiohttp import web

from libs.shared import clock
from libs.shared.contracts.context import NO_SPAN, AppRef, Context, Identity
from libs.shared.errors import RocketError
from libs.shared.ids import UUID, parse_uuid, random_uuid
from libs.shared.telemetry import tracing
from services.gateway.routing.route import ACTIONS, Access
from services.gateway.state import State

HEALTH_PATHS = ("/health", "/healthz", "/readyz")
"""Health checks: they are not limited, as a missing answer would restart the gateway."""
READ_ONLY = "This token only looks at what a user sees: nothing can be changed with it"
TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
"""The header of W3C Trace Context; versions after 00 may have more parts."""
APP_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def begin_request(state: State, request: web.Request) -> Context:
    """The context of a request: its trace, deadline and origin."""
    trace_id, span_id = trace_of(request.headers.get("X-Trace-ID"), request.headers.get("traceparent"))
    return Context(
        trace_id=trace_id,
        span_id=span_id,
        deadline=clock.unix() + state.settings.request_timeout,
        ip=state.proxies.client_of(request),
        user_agent=header(request, "User-Agent")[:256],
    )


def trace_of(sent: str | None, traceparent: str | None) -> tuple[str, str]:
    """The trace of a request and the caller's span in it.

    A UUID sent as X-Trace-ID is kept, else the trace of a W3C traceparent is continued, else it is a new one.
    """
    if sent is not None and (own := parse_uuid(sent.lower())):
        return str(own), NO_SPAN
    if traceparent is not None and (match := TRACEPARENT.fullmatch(traceparent.strip())):
        version, trace, span = match.groups()
        if version != "ff" and trace.strip("0") and span.strip("0"):
            return str(UUID(trace)), span
    return random_uuid(), NO_SPAN


def header(request: web.Request, name: str) -> str:
    """A request header as text that can be sent on; bytes that are not UTF-8 are replaced."""
    value = request.headers.get(name, "")
    return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def authenticate(
    state: State,
    request: web.Request,
    context: Context,
    access: Access,
    area: str | None = None,
    reads: bool = True,
) -> Context:
    """The context with app and identity. Raises APP_NOT_FOUND, UNAUTHORIZED, FORBIDDEN, RATE_LIMITED.

    `area` is what an API key with scopes must be allowed (None: nothing beside what records demand). A view token is
    good for what only `reads`.
    """
    if request.query_string and request.query_string.count("&") >= state.settings.max_query_parameters:
        raise RocketError("INVALID_PAYLOAD", f"At most {state.settings.max_query_parameters} parameters are possible")
    name = request.match_info.get("app")
    app = await find_app(state, request, context, name) if name is not None else None
    if app is not None:
        context = context.for_app(app)
        tracing.adopt(context)
    if access is Access.PUBLIC:
        if state.limiter is not None and request.path not in HEALTH_PATHS:
            state.limiter.admit_anonymous(request, context.ip)
        return context
    identity = await _identity(state, request, context, access, area)
    if not reads and identity.viewer is not None:
        tracing.adopt(context.entered(app, identity))
        raise RocketError("FORBIDDEN", READ_ONLY, [{"rule": "read_only", "message": READ_ONLY}])
    return context.entered(app, identity)


async def find_app(state: State, request: web.Request, context: Context, name: str) -> AppRef:
    """The app of this name. Raises APP_NOT_FOUND, RATE_LIMITED."""
    if state.limiter is not None and not state.core.apps.remembers(name):
        # Unknown names cost a request to metadata, so they must be limited too.
        state.limiter.admit_anonymous(request, context.ip)
    app = await state.core.apps.by_name(name) if APP_NAME.fullmatch(name) else None
    if app is None:
        raise RocketError("APP_NOT_FOUND", f"App not found: {name[:64]}")
    return app


async def _identity(state: State, request: web.Request, context: Context, access: Access, area: str | None) -> Identity:
    limiter = state.limiter
    app = None if access is Access.PLATFORM else context.app
    try:
        identity = await state.accounts.authenticator.of(request, app)
    except RocketError as error:
        if limiter is not None and error.code == "UNAUTHORIZED":
            limiter.admit_anonymous(request, context.ip)
        raise
    if limiter is not None:
        limiter.admit(request, context.app, identity)
    if access is Access.ADMIN and not identity.is_admin:
        raise _denied(context, identity, "Only admins may do this")
    if area is not None and identity.scopes is not None and not identity.allows(area, ACTIONS[request.method]):
        raise _denied(context, identity, "This API key may not do this")
    return identity


def _denied(context: Context, identity: Identity, message: str) -> RocketError:
    """403, with the trace saying who was refused."""
    tracing.adopt(context.entered(context.app, identity))
    return RocketError("FORBIDDEN", message)
