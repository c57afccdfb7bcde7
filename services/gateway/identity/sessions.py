"""Sessions: begun by a login, kept up by refresh tokens, listed and ended by their user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from libs.shared.contracts.accounts import ACCESS_TOKEN_LIFETIME_S, RefreshBody
from libs.shared.contracts.context import Context, Identity
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, not_found
from libs.shared.ids import parse_uuid
from libs.shared.postgres.databases import Connection, Database, Record
from services.gateway.identity.realms import Realm
from services.gateway.identity.store import sessions as store
from services.gateway.identity.tokens import Subject, unauthorized

NO_LOGIN = "The code is not valid, or not any more: log in again"
WRONG_LOGIN = "Unknown account or wrong password"
NO_SESSION = "The refresh token is not valid, or not any more"
NO_STORE = {"Cache-Control": "no-store"}
"""Header of answers that hold a secret. An Idempotency-Key does not keep them either."""

NOTHING: Mapping[str, Any] = {}
User = Mapping[str, Any] | Record
"""`id`, `email`, `roles` and `version` of a user."""


async def begin(
    realm: Realm,
    database: Database | Connection,
    user: User,
    context: Context,
    via: str = "password",
    also: Mapping[str, Any] = NOTHING,
) -> Response:
    """Tokens of a new session of a user who has proved who they are; `also` is answered beside them.

    Raises UNAUTHORIZED for a user who was changed since they were read, FORBIDDEN where the app takes no passwords.
    """
    if "admin" not in user["roles"] and await realm.closes_passwords():
        raise RocketError("FORBIDDEN", "Only admins log in with a password here: log in at a provider")
    origin = store.Origin(context.ip, context.user_agent, via)
    begun = await store.begin(database, user["id"], user["version"], origin)
    if begun is None:
        raise unauthorized("invalid", WRONG_LOGIN)
    return _tokens(realm, user, *begun, via, also)


async def begin_at_provider(
    realm: Realm, database: Connection, user: User, context: Context, via: str, also: Mapping[str, Any]
) -> tuple[Response, str]:
    """The same for who has logged in at a provider, with the id of the session."""
    begun = await store.begin(database, user["id"], user["version"], store.Origin(context.ip, context.user_agent, via))
    if begun is None:
        raise unauthorized("invalid", NO_LOGIN)
    return _tokens(realm, user, *begun, via, also), begun[0]


async def refresh(realm: Realm, context: Context, body: RefreshBody) -> Response:
    """New tokens for a refresh token, which is used up. Raises UNAUTHORIZED.

    The reuse of a token after the grace period ends its session.
    """
    if not body.refresh_token:
        raise unauthorized("missing", "refresh_token is needed")
    origin = store.Origin(context.ip, context.user_agent)
    rotated = await store.rotate(realm.database, body.refresh_token, origin)
    if rotated is None:
        if session := await store.reused(realm.database, body.refresh_token):
            await end(realm, [session])
            raise unauthorized("revoked", "The refresh token has been used before; its session is ended")
        raise unauthorized("invalid", NO_SESSION)
    user, following = rotated
    return _tokens(realm, user, user["session"], following, user["via"])


async def logout(realm: Realm, context: Context, body: RefreshBody) -> Response:
    """End the session of a refresh token; an unknown token is no error."""
    if body.refresh_token and (session := await store.session_of(realm.database, body.refresh_token)):
        await end(realm, [session])
    return Response(body=b'{"data":{"logged_out":true}}')


async def list_own(realm: Realm, context: Context) -> Response:
    """The caller's sessions. Raises FORBIDDEN for a caller without an account here."""
    caller = realm.own_account(context)
    return Response(body=b'{"data":%s}' % await store.listing(realm.database, caller.id, _session_of(caller)))


async def end_one(realm: Realm, context: Context, session_id: str) -> Response:
    """End one of the caller's sessions. Raises NOT_FOUND also for those of others."""
    wanted = str(parse_uuid(session_id))
    if wanted not in await store.of_user(realm.database, realm.own_account(context).id):
        raise not_found("Session")
    await end(realm, [wanted])
    return Response(body=orjson.dumps({"data": {"id": wanted, "deleted": True}}))


async def end_own(realm: Realm, context: Context, keep: str | None) -> Response:
    """End all of the caller's sessions; with `keep=current` all but this one."""
    if keep not in (None, "current"):
        raise RocketError("INVALID_PAYLOAD", "keep can only be current", [{"field": "keep", "message": "unknown"}])
    caller = realm.own_account(context)
    kept = _session_of(caller) if keep else None
    ending = [session for session in await store.of_user(realm.database, caller.id) if session != kept]
    await end(realm, ending)
    return Response(body=orjson.dumps({"data": {"ended": len(ending)}}))


async def end(realm: Realm, sessions: list[str]) -> None:
    """End sessions and their access tokens."""
    await realm.accounts.revocations.end(realm.scope, sessions)
    await store.end(realm.database, sessions)


def _tokens(
    realm: Realm, user: User, session: str, refresh_token: str, via: str, also: Mapping[str, Any] = NOTHING
) -> Response:
    subject = Subject(user["id"], user["email"], list(user["roles"]), user["version"], session, via)
    data = {
        "access_token": realm.accounts.tokens.issue(realm.scope, subject),
        "refresh_token": refresh_token,
        "expires_in": ACCESS_TOKEN_LIFETIME_S,
        **also,
    }
    return Response(body=orjson.dumps({"data": data}), headers=dict(NO_STORE))


def _session_of(caller: Identity) -> str:
    assert caller.credential is not None, "the caller has an account here"
    return caller.credential.id
