"""Login, refresh, logout; of the platform and of apps alike, as only database and scope differ."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from libs.shared.contracts.messages import Answer
from libs.shared.postgres.databases import Database
from libs.shared.telemetry import tracing
from services.gateway.identity import store
from services.gateway.identity.passwords import Passwords
from services.gateway.identity.tokens import LIFETIME, PLATFORM, Tokens, unauthorized
from services.gateway.state import State

REFUSED = "Unknown account or wrong password"
NO_SESSION = "The refresh token is not valid"
MAX_TEXT = 1000


@dataclass(frozen=True, slots=True)
class Realm:
    """Where accounts live: a database, and the scope its tokens are for."""

    database: Database
    scope: str
    tokens: Tokens
    passwords: Passwords


def realm_of(state: State, app: Any) -> Realm:
    """The realm of an app, or of the platform for None."""
    databases = state.core.databases
    if app is None:
        return Realm(databases.platform, PLATFORM, state.tokens, state.passwords)
    return Realm(databases.of(app), app.id, state.tokens, state.passwords)


async def login(realm: Realm, body: dict[str, Any]) -> Answer:
    """Tokens for e-mail and password. Raises UNAUTHORIZED, the same for every reason."""
    email, password = _text(body, "email"), _text(body, "password")
    with tracing.span("auth", "sessions", "auth.login"):
        user = await store.find_by_email(realm.database, email.strip().lower()) if email else None
        fits = await realm.passwords.check(password, user["password_hash"] if user else None)
    if user is None or not fits or not user["active"]:
        raise unauthorized(REFUSED)
    return _tokens(realm, user, await store.issue_refresh(realm.database, user["id"], uuid.uuid4()))


async def refresh(realm: Realm, body: dict[str, Any]) -> Answer:
    """New tokens for a refresh token, which is used up. Raises UNAUTHORIZED."""
    token = _text(body, "refresh_token")
    rotated = await store.rotate_refresh(realm.database, token) if token else None
    if rotated is None:
        raise unauthorized(NO_SESSION)
    return _tokens(realm, *rotated)


async def logout(realm: Realm, body: dict[str, Any]) -> Answer:
    """End the session of a refresh token; an unknown one is as good as ended."""
    token = _text(body, "refresh_token")
    if token:
        await store.end_session(realm.database, token)
    return Answer(body=b'{"data":{"logged_out":true}}')


def _tokens(realm: Realm, user: Any, refresh_token: str) -> Answer:
    data = {
        "access_token": realm.tokens.issue(realm.scope, user["id"], user["email"], list(user["roles"])),
        "refresh_token": refresh_token,
        "expires_in": LIFETIME,
    }
    return Answer(body=orjson.dumps({"data": data}))


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) and len(value) <= MAX_TEXT and "\x00" not in value else ""
