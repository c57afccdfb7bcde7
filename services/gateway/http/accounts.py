"""Ways in, and what callers do with their own account, as HTTP; of the platform and of apps alike."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from libs.shared.bodies import read_object
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError
from services.gateway.http.idempotency import body_of
from services.gateway.identity import accounts, factors, invites, resets, sessions
from services.gateway.identity.realms import realm_of
from services.gateway.state import State


async def login(state: State, request: web.Request, context: Context) -> Response:
    """Tokens for e-mail and password, and a code (`totp`) where there is a second factor."""
    return await sessions.login(realm_of(state, context.app), await json_object(state, request), context)


async def refresh(state: State, request: web.Request, context: Context) -> Response:
    """New tokens for a refresh token, which is used up."""
    return await sessions.refresh(realm_of(state, context.app), await json_object(state, request), context)


async def logout(state: State, request: web.Request, context: Context) -> Response:
    """End the session of a refresh token."""
    return await sessions.logout(realm_of(state, context.app), await json_object(state, request))


async def me(state: State, request: web.Request, context: Context) -> Response:
    """Who the caller is."""
    return await accounts.me(state, context)


async def change_password(state: State, request: web.Request, context: Context) -> Response:
    """Another password for the caller; all sessions end, and the answer is a new one."""
    return await accounts.change_password(state, context, await json_object(state, request))


async def list_sessions(state: State, request: web.Request, context: Context) -> Response:
    """The caller's sessions."""
    return await sessions.list_own(state, context)


async def end_session(state: State, request: web.Request, context: Context) -> Response:
    """End one of the caller's sessions."""
    return await sessions.end_one(state, context, request.match_info["id"])


async def end_sessions(state: State, request: web.Request, context: Context) -> Response:
    """End all of the caller's sessions; with `keep=current` all but this one."""
    keep = request.query.get("keep")
    if keep not in (None, "current"):
        raise RocketError("INVALID_PAYLOAD", "keep can only be current", [{"field": "keep", "message": "unknown"}])
    return await sessions.end_own(state, context, keep == "current")


async def enroll_totp(state: State, request: web.Request, context: Context) -> Response:
    """A secret for the caller's authenticator app; it counts once it is confirmed."""
    return await factors.enroll(state, context, await json_object(state, request))


async def confirm_totp(state: State, request: web.Request, context: Context) -> Response:
    """Have a code asked for at every login from now on; answers recovery codes, shown once."""
    return await factors.confirm(state, context, await json_object(state, request))


async def disable_totp(state: State, request: web.Request, context: Context) -> Response:
    """Have no code asked for any more."""
    return await factors.disable(state, context, await json_object(state, request))


async def forgot_password(state: State, request: web.Request, context: Context) -> Response:
    """Have a token for a new password mailed, if there is such an account; the answer does not tell."""
    return await resets.forgot(realm_of(state, context.app), context, await json_object(state, request))


async def reset_password(state: State, request: web.Request, context: Context) -> Response:
    """Set a new password with a mailed token; all sessions end."""
    return await resets.reset(realm_of(state, context.app), context, await json_object(state, request))


async def accept_invite(state: State, request: web.Request, context: Context) -> Response:
    """Become a user, with the invite's token and a password of one's own."""
    return await invites.accept(realm_of(state, context.app), context, await json_object(state, request))


async def json_object(state: State, request: web.Request) -> dict[str, Any]:
    """The JSON object in the body. Raises INVALID_PAYLOAD."""
    return read_object(await body_of(state, request))
