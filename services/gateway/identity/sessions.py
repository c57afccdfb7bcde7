"""Login, refresh, logout and what sessions there are; of the platform and of apps alike."""

from __future__ import annotations

import contextlib
from typing import Any

import orjson

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import not_found
from libs.shared.ids import parse_uuid
from libs.shared.postgres.databases import Connection, Database
from libs.shared.telemetry import tracing
from services.gateway.identity import factors, login_throttle
from services.gateway.identity.realms import Realm, own_realm
from services.gateway.identity.store import sessions as store
from services.gateway.identity.store import users
from services.gateway.identity.tokens import LIFETIME, Subject, unauthorized
from services.gateway.state import State

REFUSED = "Unknown account or wrong password"
NO_SESSION = "The refresh token is not valid, or not any more"
MAX_TEXT = 1000
SECRET = {"Cache-Control": "no-store"}
"""Header of answers that hold a secret: nobody keeps them, an Idempotency-Key neither."""


async def login(realm: Realm, body: dict[str, Any], context: Context) -> Response:
    """Tokens for e-mail and password, and a code where there is a second factor.

    Raises UNAUTHORIZED, the same for every reason, after exactly one look at a password, and so for a user who was
    changed while that was looked at; TOTP_REQUIRED for a right password without a code; RATE_LIMITED before any look.
    """
    email, password = _text(body, "email"), _text(body, "password")
    attempt = await login_throttle.admit(realm, email, context.ip)
    with tracing.span("auth", "sessions", "auth.login"):
        user = await users.find_by_email(realm.database, email) if email else None
        fits = await realm.state.accounts.passwords.check(password, user["password_hash"] if user else None)
    if user is None or not fits or not user["active"]:
        raise unauthorized("invalid", REFUSED)
    try:
        await factors.check_login(realm, user, _text(body, "totp"))
    except factors.Missing as missing:
        # The password was right, so this was no guess; the code's turn is still to come.
        await login_throttle.forgive(realm, attempt)
        raise missing.error from None
    await login_throttle.succeeded(realm, attempt)
    await _rehash(realm, user, password)
    return await begin(realm, realm.database, user, context)


async def begin(
    realm: Realm,
    database: Database | Connection,
    user: Any,
    context: Context,
    via: str = "password",
    also: dict[str, Any] | None = None,
) -> Response:
    """Tokens of a new session of a user, however they have proved who they are; `also` is answered beside them.

    Raises UNAUTHORIZED for a user who was changed since they were read.
    """
    origin = store.Origin(context.ip, context.user_agent, via)
    begun = await store.begin(database, user["id"], user["version"], origin)
    if begun is None:
        raise unauthorized("invalid", REFUSED)
    data = {**pair(realm, user, *begun), **(also or {})}
    return Response(body=orjson.dumps({"data": data}), headers=dict(SECRET))


async def refresh(realm: Realm, body: dict[str, Any], context: Context) -> Response:
    """New tokens for a refresh token, which is used up. Raises UNAUTHORIZED.

    The reuse of a token after the grace ends its session.
    """
    token = _text(body, "refresh_token")
    if not token:
        raise unauthorized("missing", "refresh_token is needed")
    rotated = await store.rotate(realm.database, token, store.Origin(context.ip, context.user_agent))
    if rotated is None:
        if session := await store.reused(realm.database, token):
            await end(realm, [session])
            raise unauthorized("revoked", "The refresh token has been used before; its session is ended")
        raise unauthorized("invalid", NO_SESSION)
    user, following = rotated
    data = pair(realm, user, user["session"], following)
    return Response(body=orjson.dumps({"data": data}), headers=dict(SECRET))


async def logout(realm: Realm, body: dict[str, Any]) -> Response:
    """End the session of a refresh token; an unknown one is as good as ended."""
    token = _text(body, "refresh_token")
    if token and (session := await store.session_of(realm.database, token)):
        await end(realm, [session])
    return Response(body=b'{"data":{"logged_out":true}}')


async def list_own(state: State, context: Context) -> Response:
    """The caller's sessions. Raises FORBIDDEN for whoever has none here."""
    realm, caller = own_realm(state, context)
    return Response(body=b'{"data":%s}' % await store.listing(realm.database, caller.id, _session(caller)))


async def end_one(state: State, context: Context, session_id: str) -> Response:
    """End one of the caller's sessions. Raises NOT_FOUND also for those of others."""
    realm, caller = own_realm(state, context)
    wanted = str(parse_uuid(session_id))
    if wanted not in await store.of_user(realm.database, caller.id):
        raise not_found("Session")
    await end(realm, [wanted])
    return Response(body=orjson.dumps({"data": {"id": wanted, "deleted": True}}))


async def end_own(state: State, context: Context, keep_current: bool) -> Response:
    """End all of the caller's sessions, or all but this one."""
    realm, caller = own_realm(state, context)
    ending = await store.of_user(realm.database, caller.id)
    if keep_current:
        ending = [session for session in ending if session != _session(caller)]
    await end(realm, ending)
    return Response(body=orjson.dumps({"data": {"ended": len(ending)}}))


async def end(realm: Realm, sessions: list[str]) -> None:
    """End sessions and their access tokens."""
    await realm.state.accounts.revocations.end(realm.scope, sessions)
    await store.end(realm.database, sessions)


def pair(realm: Realm, user: Any, session: str, refresh_token: str) -> dict[str, Any]:
    """What a login or refresh answers; `user` has id, email, roles and version."""
    subject = Subject(user["id"], user["email"], list(user["roles"]), user["version"], session)
    return {
        "access_token": realm.state.accounts.tokens.issue(realm.scope, subject),
        "refresh_token": refresh_token,
        "expires_in": LIFETIME,
    }


async def _rehash(realm: Realm, user: Any, password: str) -> None:
    """Bring a password to the cost of today, while it is at hand; if there is no time now, the next time."""
    passwords = realm.state.accounts.passwords
    if passwords.is_dated(user["password_hash"]):
        with contextlib.suppress(Exception):
            await users.rehash(realm.database, user["id"], user["password_hash"], await passwords.hash(password))


def _session(caller: Any) -> str:
    return str(caller.credential.id)


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) and len(value) <= MAX_TEXT and "\x00" not in value else ""
