"""Access tokens: JWT, HS256, 15 minutes. Their `kid` names scope and generation of the signing key.

A verified credential is cached until it expires, its session ends, or its user gets a newer version. So most
requests cost three look-ups in memory, and no signature.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

import jwt

from libs.shared.contracts.accounts import ACCESS_TOKEN_LIFETIME_S
from libs.shared.contracts.context import AppRef, Credential, Identity, Viewer
from libs.shared.errors import RocketError
from libs.shared.telemetry import tracing
from services.gateway.identity.keyring import PLATFORM, Keyring, key_id, read_key_id
from services.gateway.identity.revocations import Revocations

MAX_REMEMBERED = 20_000
"""Verified credentials that are cached."""
VIEW = "view_as"
"""The claim of view tokens: the admin who looks."""
MAX_TOKEN_CHARACTERS = 8_192
"""The largest roles fit."""
REFUSAL_TEXTS = {
    "missing": "An access token or API key is needed: send it as Authorization: Bearer <token>",
    "malformed": "What was sent is neither an access token nor an API key",
    "expired": "The access token has expired; get another one by /auth/refresh or /auth/login",
    "wrong_app": "The access token is of another app",
    "revoked": "The access token is revoked: its session has ended, or its user or signing key has changed",
    "invalid": "The access token is not valid: its signature or its claims are wrong",
}
"""The reasons of a 401, with the default message of each."""
IsAccount = Callable[[AppRef | None, str], Awaitable[bool]]
"""Whether a user id is that of an active account, of an app or (None) of the platform."""
REQUIRED: Any = {"require": ["sub", "roles", "iat", "exp", "sid", "ver"]}


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a token is for: a user as they are at `version`, in a session."""

    id: str
    email: str
    roles: list[str]
    version: int
    session: str
    via: str = "password"


class Tokens:
    """Issues and verifies access tokens, and caches verified credentials."""

    def __init__(self, keyring: Keyring, revocations: Revocations, is_account: IsAccount) -> None:
        self._keyring = keyring
        self._revocations = revocations
        self._is_account = is_account
        self._verified: OrderedDict[tuple[str, str], Identity] = OrderedDict()

    def issue(self, scope: str, subject: Subject, viewer: Viewer | None = None) -> str:
        """A token for a user of `scope`: an app's id, or PLATFORM; with a viewer it is a view token."""
        now, generation = int(time.time()), self._keyring.current(scope)
        claims = {
            "sub": subject.id,
            "email": subject.email,
            "roles": subject.roles,
            "iat": now,
            "exp": now + ACCESS_TOKEN_LIFETIME_S,
            "sid": subject.session,
            "ver": subject.version,
            **({"via": subject.via} if subject.via != "password" else {}),
            **({VIEW: asdict(viewer)} if viewer is not None else {}),
        }
        headers = {"kid": key_id(scope, generation)}
        return jwt.encode(claims, self._keyring.key(scope, generation), algorithm="HS256", headers=headers)

    def remembered(self, scope: str, text: str) -> Identity | None:
        """Who was verified by this credential before, if it still holds. On the way of every request."""
        known = self._verified.get((scope, text))
        return known if known is not None and self.holds(known) else None

    def holds(self, identity: Identity) -> bool:
        """Whether what an identity was proved with still holds."""
        proof, now = identity.credential, time.time()
        return (
            proof is not None
            and proof.expires > now
            and self._revocations.allow(proof)
            and (not proof.generation or self._keyring.is_good(proof.user[0], proof.generation, now))
        )

    def remember(self, scope: str, text: str, identity: Identity) -> Identity:
        """Have this credential known from now on. Raises UNAUTHORIZED if it does not hold."""
        if not self.holds(identity):
            proof = identity.credential
            raise unauthorized("expired" if proof is not None and proof.expires <= time.time() else "revoked")
        self._verified[scope, text] = identity
        if len(self._verified) > MAX_REMEMBERED:
            self._verified.popitem(last=False)
        return identity

    async def verify_app(self, token: str, app: AppRef) -> Identity:
        """The identity of an app's token, or of a platform token, which enters as admin. Raises UNAUTHORIZED."""
        scope, generation = await self._good_key(token)
        if scope not in (app.id, PLATFORM):
            raise unauthorized("wrong_app")
        return await self._accepted(app, token, self._decode(token, scope, generation))

    async def verify_platform(self, token: str) -> Identity:
        """The identity of a platform token. Raises UNAUTHORIZED, also for an app's token."""
        scope, generation = await self._good_key(token)
        if scope != PLATFORM:
            raise unauthorized("wrong_app", "This is an access token of an app; the platform's is needed")
        return await self._accepted(None, token, self._decode(token, scope, generation))

    async def _accepted(self, app: AppRef | None, token: str, identity: Identity) -> Identity:
        """The identity, if its account exists: a signature alone may be made with a stolen key."""
        assert identity.credential is not None, "tokens prove an identity"
        owner, user_id = identity.credential.user
        if not await self._is_account(None if owner == PLATFORM else app, user_id):
            raise unauthorized("revoked")
        viewer = identity.viewer
        # An API key is no account; it ends as a session does.
        if viewer is not None and viewer.id != viewer.session:
            realm = None if viewer.scope == PLATFORM else app
            if not await self._is_account(realm, viewer.id):
                raise unauthorized("revoked")
        return self.remember(PLATFORM if app is None else app.id, token, identity)

    async def _good_key(self, token: str) -> tuple[str, int]:
        """Scope and generation that a token claims to be of; whether it is so, its signature tells."""
        await self._revocations.known()
        scope, generation = _claimed_key(token)
        if generation > self._keyring.current(scope):
            # A rotation that we have not heard of yet.
            await self._revocations.look_again()
        if not self._keyring.is_good(scope, generation, time.time()):
            raise unauthorized("revoked" if generation < self._keyring.current(scope) else "invalid")
        return scope, generation

    def _decode(self, token: str, scope: str, generation: int) -> Identity:
        # A span only here: a cached token is not validated again.
        with tracing.span("auth", "tokens", "auth.validate"):
            key = self._keyring.key(scope, generation)
            try:
                claims: dict[str, Any] = jwt.decode(token, key, algorithms=["HS256"], options=REQUIRED)
            except jwt.ExpiredSignatureError:
                raise unauthorized("expired") from None
            except jwt.InvalidTokenError:
                raise unauthorized("invalid") from None
        user, expires = (scope, claims["sub"]), float(claims["exp"])
        if (viewer := claims.get(VIEW)) is not None:
            proof = Credential(claims["sid"], user, claims["ver"], expires, generation, viewer=Viewer(**viewer))
            return Identity(claims["sub"], claims["email"], tuple(claims["roles"]), "view", credential=proof)
        proof = Credential(claims["sid"], user, claims["ver"], expires, generation)
        platform = scope == PLATFORM
        roles = ("admin",) if platform else tuple(claims["roles"])
        via = "platform" if platform else claims.get("via", "password")
        return Identity(claims["sub"], claims.get("email", ""), roles, via, credential=proof)


def unauthorized(why: str, message: str = "") -> RocketError:
    """401 that says why, a key of REFUSAL_TEXTS, with the challenge that RFC 6750 asks for."""
    message = message or REFUSAL_TEXTS[why]
    challenge = "Bearer" if why == "missing" else 'Bearer error="invalid_token"'
    return RocketError("UNAUTHORIZED", message, [{"rule": why, "message": message}], {"WWW-Authenticate": challenge})


def _claimed_key(token: str) -> tuple[str, int]:
    try:
        claimed = (
            read_key_id(jwt.get_unverified_header(token).get("kid")) if len(token) <= MAX_TOKEN_CHARACTERS else None
        )
    except jwt.InvalidTokenError:
        claimed = None
    if claimed is None:
        raise unauthorized("malformed")
    return claimed
