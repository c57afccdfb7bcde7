"""Access tokens: JWT, HS256, 15 minutes. Keys derive from the platform's secret and the app's id.

A derived key needs no storage and no look-up; a deleted and re-created app has another id and so
another key. A verified token is remembered until it expires or its user is changed.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import jwt

from libs.shared.bus.connection import Connection
from libs.shared.contracts.context import AppRef, Identity
from libs.shared.contracts.identity import IdentityChanged
from libs.shared.errors import RocketError
from libs.shared.telemetry import tracing

LIFETIME = 900
"""Seconds an access token is good for."""
REMEMBERED = 20_000
PLATFORM = "platform"
REQUIRED: Any = {"require": ["sub", "roles", "iat", "exp"]}


@dataclass(frozen=True, slots=True)
class _Verified:
    identity: Identity
    expires: float


class Tokens:
    """Issues and verifies access tokens."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._keys: dict[str, bytes] = {}
        self._verified: OrderedDict[tuple[str, str], _Verified] = OrderedDict()
        self._revoked: dict[tuple[str, str], float] = {}

    def listen(self, connection: Connection) -> None:
        """Forget the verified tokens of a user who is announced to have changed."""
        connection.on_announcement(IdentityChanged, self.revoke)

    def revoke(self, change: IdentityChanged) -> None:
        """Refuse what was issued to this user of this app up to now; a login or refresh gives what holds today."""
        now = time.time()
        for user, moment in list(self._revoked.items()):
            if moment < now - LIFETIME:
                del self._revoked[user]
        self._revoked[change.app_id, change.user_id] = now
        for key, known in list(self._verified.items()):
            if key[0] == change.app_id and known.identity.id == change.user_id:
                del self._verified[key]

    def issue(self, scope: str, user_id: str, email: str, roles: list[str]) -> str:
        """A token for a user of `scope`: an app's id, or PLATFORM."""
        moment = time.time()
        now = int(moment)
        claims = {"sub": user_id, "email": email, "roles": roles, "iat": now, "exp": now + LIFETIME, "at": moment}
        return jwt.encode(claims, self._key(scope), algorithm="HS256", headers={"kid": scope})

    def verify_app(self, token: str, app: AppRef) -> Identity:
        """The identity of an app's token, or of a platform token, which enters as admin. Raises UNAUTHORIZED."""
        known = self._remembered(app.id, token)
        if known:
            return known
        if _key_id(token) == PLATFORM:
            claims = self._decode(token, PLATFORM)
            identity = Identity(claims["sub"], claims.get("email", ""), ("admin",), via="platform")
        else:
            claims = self._decode(token, app.id)
            if claims.get("at", claims["iat"]) <= self._revoked.get((app.id, claims["sub"]), 0.0):
                raise unauthorized()
            identity = Identity(claims["sub"], claims.get("email", ""), tuple(claims["roles"]))
        return self._remember(app.id, token, identity, claims["exp"])

    def verify_platform(self, token: str) -> Identity:
        """The identity of a platform token. Raises UNAUTHORIZED, also for an app's token."""
        known = self._remembered(PLATFORM, token)
        if known:
            return known
        claims = self._decode(token, PLATFORM)
        identity = Identity(claims["sub"], claims.get("email", ""), ("admin",), via="platform")
        return self._remember(PLATFORM, token, identity, claims["exp"])

    def holds(self, app: AppRef, user_id: str, issued: float, expires: float) -> bool:
        """Whether a token that was good still is: its time is not over, and its user not changed since (seconds)."""
        return time.time() < expires and issued > self._revoked.get((app.id, user_id), 0.0)

    def _remembered(self, scope: str, token: str) -> Identity | None:
        known = self._verified.get((scope, token))
        if known is None or known.expires <= time.time():
            return None
        return known.identity

    def _remember(self, scope: str, token: str, identity: Identity, expires: float) -> Identity:
        self._verified[scope, token] = _Verified(identity, expires)
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)
        return identity

    def _decode(self, token: str, scope: str) -> dict[str, Any]:
        # A span only here: a token that is remembered is not validated again.
        with tracing.span("auth", "tokens", "auth.validate"):
            try:
                claims: dict[str, Any] = jwt.decode(token, self._key(scope), algorithms=["HS256"], options=REQUIRED)
            except jwt.InvalidTokenError:
                raise unauthorized() from None
        return claims

    def _key(self, scope: str) -> bytes:
        key = self._keys.get(scope)
        if key is None:
            key = self._keys[scope] = hmac.new(self._secret, f"access/{scope}".encode(), hashlib.sha256).digest()
        return key


def unauthorized(message: str = "A valid access token is needed") -> RocketError:
    """401, with the challenge that RFC 6750 asks for."""
    return RocketError("UNAUTHORIZED", message, headers={"WWW-Authenticate": "Bearer"})


def _key_id(token: str) -> str:
    try:
        return str(jwt.get_unverified_header(token).get("kid", ""))
    except jwt.InvalidTokenError:
        raise unauthorized() from None
