"""The credential of a request: an access token or an API key."""

from __future__ import annotations

import hashlib
import time

import orjson
import structlog
from aiohttp import web

from libs.shared.contracts.context import AppRef, Credential, Identity
from libs.shared.postgres.databases import Databases
from services.gateway.identity.keyring import PLATFORM
from services.gateway.identity.store import api_keys as store
from services.gateway.identity.tokens import Tokens, unauthorized

log = structlog.get_logger()

PREFIX = "rk_"
"""How API keys begin, and access tokens don't."""
BEARER = "bearer "
KEY_HEADER = "X-API-Key"
ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=")
REMEMBERED_S = 300.0
"""Seconds an API key is cached; less than revocations are kept."""
MAX_KEY_CHARACTERS = 100


class Authenticator:
    """Who a request's sender is, in an app or at the platform."""

    def __init__(self, tokens: Tokens, databases: Databases) -> None:
        self._tokens = tokens
        self._databases = databases
        self.used: dict[AppRef, dict[str, float]] = {}
        """App → API key → when it was last used (Unix seconds), since that was last written down."""

    async def of(self, request: web.Request, app: AppRef | None) -> Identity:
        """The sender's identity. Raises UNAUTHORIZED."""
        _refuse_several(request)
        text = credential_in(request)
        identity = self._tokens.remembered(PLATFORM if app is None else app.id, text)
        if identity is None:
            if not ALPHABET.issuperset(text):
                raise unauthorized("malformed")
            identity = await self._verified(text, app)
        if app is not None and identity.via == "api_key":
            self.used.setdefault(app, {})[identity.id] = time.time()
        return identity

    async def _verified(self, text: str, app: AppRef | None) -> Identity:
        if app is None:
            return await self._tokens.verify_platform(text)
        return await (self._key(text, app) if text.startswith(PREFIX) else self._tokens.verify_app(text, app))

    async def _key(self, text: str, app: AppRef) -> Identity:
        found = await store.find(self._databases.of(app), hash_of(text)) if len(text) <= MAX_KEY_CHARACTERS else None
        if found is None:
            raise unauthorized("invalid", "There is no such API key, or not any more")
        ends = found["expires_at"] or float("inf")
        if ends <= time.time():
            raise unauthorized("expired", "The API key has expired")
        scopes = None
        if found["scopes"] is not None:
            scopes = tuple((one["entity"], tuple(one["actions"])) for one in orjson.loads(found["scopes"]))
        identity = Identity(
            found["id"],
            f"api-key:{found['name']}",
            tuple(found["roles"]),
            via="api_key",
            scopes=scopes,
            credential=Credential(
                found["id"], (app.id, found["id"]), 0, min(ends, time.time() + REMEMBERED_S), ends=ends
            ),
        )
        return self._tokens.remember(app.id, text, identity)

    async def note_used(self) -> None:
        """Write down when keys were last used."""
        used, self.used = self.used, {}
        for app, moments in used.items():
            try:
                await store.used(self._databases.of(app), moments)
            except Exception as error:
                log.warning("api_keys.use_not_noted", app_id=app.id, error=str(error))


def hash_of(key: str) -> bytes:
    """What is kept of an API key: as it is random, no slow hash is needed."""
    return hashlib.sha256(key.encode()).digest()


def credential_in(request: web.Request) -> str:
    """The token or key as it was sent. Raises UNAUTHORIZED."""
    header = request.headers.get("Authorization")
    if header is None:
        text = request.headers.get(KEY_HEADER, "")
        if not text:
            raise unauthorized("missing")
        if not text.startswith(PREFIX):
            raise unauthorized("malformed")
    elif header[: len(BEARER)].lower() == BEARER:
        text = header[len(BEARER) :].strip(" ")
    else:
        raise unauthorized("malformed", "Authorization must be: Bearer <token>")
    if not text:
        raise unauthorized("missing")
    return text


def _refuse_several(request: web.Request) -> None:
    """Raises UNAUTHORIZED for more than one credential: a proxy before us may have looked at another one."""
    headers = request.headers
    if len(headers.getall("Authorization", ())) + len(headers.getall(KEY_HEADER, ())) > 1:
        raise unauthorized("malformed", "Exactly one token or API key must be sent")
