"""What a provider says of itself (its discovery document), and the keys that it signs with; both are cached."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cachetools import LRUCache
from pydantic_core import PydanticCustomError

from libs.shared.contracts.auth_providers import OidcConfig, secure_url
from services.gateway.identity.sso.external import AuthProvider, away, config_of
from services.gateway.identity.sso.outbound import Outbound, ProviderAway

WELL_KNOWN = "/.well-known/openid-configuration"
FRESH_S = 3600.0
"""Seconds for which what a provider says of itself is not requested again."""
RETRY_S = 2.0
"""Seconds after a failure, or after keys were fetched, before the next attempt."""
STALE_S = 86_400.0
"""Seconds for which it is still used when the provider does not answer."""
MAX_PROVIDERS = 1_000
MAX_KEYS = 100
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
FURTHER = ("userinfo_endpoint", "end_session_endpoint")


@dataclass(frozen=True, slots=True)
class Discovery:
    """The parts of a discovery document that are used."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    auth_methods: frozenset[str]
    names_issuer: bool
    """Whether answers of the authorization endpoint say by whom they are (RFC 9207)."""


@dataclass(slots=True)
class _Known:
    discovery: Discovery | None = None
    keys: list[jwt.PyJWK] = field(default_factory=list)
    discovered_at: float = float("-inf")
    fetched_at: float = float("-inf")
    failed_at: float = float("-inf")
    failure: str = ""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One request at a time: others wait for its answer."""


class OidcDirectory:
    """Discovery documents and keys of all OpenID Connect providers."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._known: LRUCache[tuple[str, int], _Known] = LRUCache(MAX_PROVIDERS)

    async def discovery(self, provider: AuthProvider) -> Discovery:
        """The discovery document, as it was lately. Raises PROVIDER_UNAVAILABLE."""
        known = self._of(provider)
        async with known.lock:
            return await self._discovery(provider, known)

    async def keys(self, provider: AuthProvider, key_id: str | None, *, renewed: bool = False) -> list[jwt.PyJWK]:
        """The keys that a token of this `kid` may be signed with. Unknown ones have the keys fetched, at intervals.

        `renewed`: the known ones did not fit. Raises PROVIDER_UNAVAILABLE.
        """
        known = self._of(provider)
        async with known.lock:
            fitting = _fitting(known.keys, key_id)
            age = time.monotonic() - known.fetched_at
            if age < (RETRY_S if renewed or not fitting else FRESH_S):
                return fitting
            known.fetched_at = time.monotonic()
            try:
                known.keys = await self.fetch_keys((await self._discovery(provider, known)).jwks_uri)
            except ProviderAway as error:
                if not fitting:
                    raise away(provider, str(error)) from None
            return _fitting(known.keys, key_id)

    async def _discovery(self, provider: AuthProvider, known: _Known) -> Discovery:
        now = time.monotonic()
        if known.discovery is not None and now - known.discovered_at < FRESH_S:
            return known.discovery
        if now - known.failed_at < RETRY_S:
            return self._stale(provider, known, known.failure)
        try:
            known.discovery = await self.fetch_discovery(config_of(provider, OidcConfig).issuer)
        except ProviderAway as error:
            known.failed_at, known.failure = time.monotonic(), str(error)
            return self._stale(provider, known, known.failure)
        known.discovered_at = time.monotonic()
        return known.discovery

    async def fetch_discovery(self, issuer: str) -> Discovery:
        """The discovery document of an issuer. Raises ProviderAway."""
        answer = await self._outbound.get(issuer.rstrip("/") + WELL_KNOWN)
        if answer.status != 200 or not answer.body:
            raise ProviderAway(f"the discovery document was answered with status {answer.status}")
        return read_discovery(issuer, answer.body)

    async def fetch_keys(self, url: str) -> list[jwt.PyJWK]:
        """The public keys at a URL that can verify signatures. Raises ProviderAway."""
        answer = await self._outbound.get(url)
        found = answer.body.get("keys")
        if answer.status != 200 or not isinstance(found, list):
            raise ProviderAway(f"the keys were answered with status {answer.status}")
        return [key for each in found[:MAX_KEYS] if (key := _key(each)) is not None]

    def _of(self, provider: AuthProvider) -> _Known:
        return self._known.setdefault(provider.cache_key, _Known())

    def _stale(self, provider: AuthProvider, known: _Known, why: str) -> Discovery:
        if known.discovery is not None and time.monotonic() - known.discovered_at < STALE_S:
            return known.discovery
        raise away(provider, why)


def read_discovery(issuer: str, document: Mapping[str, Any]) -> Discovery:
    """The parts that are used. Raises ProviderAway for a document of another issuer, or without what is needed."""
    if document.get("issuer") != issuer:
        raise ProviderAway("the discovery document is of another issuer: check the address, also its last /")
    urls: dict[str, str | None] = {name: _url(document, name) for name in (*NEEDED, *FURTHER)}
    for name in NEEDED:
        if urls[name] is None:
            raise ProviderAway(f"the discovery document has no {name} with https")
    methods = document.get("token_endpoint_auth_methods_supported")
    return Discovery(
        **urls,  # type: ignore[arg-type]
        auth_methods=frozenset(map(str, methods)) if isinstance(methods, list) else frozenset({"client_secret_basic"}),
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _url(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    try:
        return secure_url(value) if isinstance(value, str) else None
    except PydanticCustomError:
        return None


def _key(document: Any) -> jwt.PyJWK | None:
    """A public key for signatures; None for others, and for secrets that a set of public keys must not hold."""
    if not isinstance(document, dict) or document.get("use", "sig") != "sig" or document.get("kty") == "oct":
        return None
    try:
        return jwt.PyJWK({name: value for name, value in document.items() if name not in ("d", "p", "q")})
    except (jwt.PyJWTError, ValueError, KeyError, TypeError):
        return None


def _fitting(keys: list[jwt.PyJWK], key_id: str | None) -> list[jwt.PyJWK]:
    return [key for key in keys if key_id is None or key.key_id == key_id]
