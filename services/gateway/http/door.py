"""Who is there, and may they come in: app, token, role, in this order."""

from __future__ import annotations

import re
import uuid
from enum import Enum

from aiohttp import web

from libs.shared import clock
from libs.shared.contracts.context import AppRef, Context, Identity
from libs.shared.errors import RocketError
from libs.shared.ids import parse_uuid
from libs.shared.telemetry import tracing
from services.gateway.identity.tokens import unauthorized
from services.gateway.state import State

BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/=-]+) *", re.IGNORECASE)
APP_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


class Access(Enum):
    """Who may use a route."""

    PUBLIC = "public"
    USER = "user"
    ADMIN = "admin"
    PLATFORM = "platform"


def begin(state: State, request: web.Request) -> Context:
    """The context of a request: its trace (a UUID sent along is kept), deadline and origin."""
    sent = parse_uuid(request.headers.get("X-Trace-ID", "").lower())
    return Context(
        trace_id=str(sent or uuid.uuid4()),
        deadline=clock.unix() + state.settings.request_timeout,
        ip=request.remote or "",
        user_agent=header(request, "User-Agent")[:256],
    )


def header(request: web.Request, name: str) -> str:
    """A request header as text that can be handed on; bytes that are no UTF-8 are replaced."""
    value = request.headers.get(name, "")
    return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def enter(state: State, request: web.Request, context: Context, access: Access) -> Context:
    """The context with app and identity. Raises APP_NOT_FOUND, UNAUTHORIZED, FORBIDDEN."""
    name = request.match_info.get("app")
    app = await _app(state, name) if name is not None else None
    if app is not None:
        context = context.for_app(app)
        tracing.adopt(context)
    if access is Access.PUBLIC:
        return context
    return context.entered(app, _identity(state, request, app, access))


async def _app(state: State, name: str) -> AppRef:
    app = await state.core.apps.by_name(name) if APP_NAME.fullmatch(name) else None
    if app is None:
        raise RocketError("APP_NOT_FOUND", f"App not found: {name[:64]}")
    return app


def _identity(state: State, request: web.Request, app: AppRef | None, access: Access) -> Identity:
    token = _bearer(request)
    if app is None or access is Access.PLATFORM:
        return state.tokens.verify_platform(token)
    identity = state.tokens.verify_app(token, app)
    if access is Access.ADMIN and not identity.is_admin:
        raise RocketError("FORBIDDEN", "Only admins may do this")
    return identity


def _bearer(request: web.Request) -> str:
    match = BEARER.fullmatch(request.headers.get("Authorization", ""))
    if match is None:
        raise unauthorized()
    return match[1]
