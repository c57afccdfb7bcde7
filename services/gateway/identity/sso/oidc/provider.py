"""The type `oidc`: OpenID Connect with the authorization code flow."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from libs.shared import clock
from libs.shared.contracts.auth_providers import OidcConfig
from libs.shared.errors import RocketError, invalid_field
from services.gateway.identity.sso.claims import values_of
from services.gateway.identity.sso.external import (
    AuthProvider,
    Begun,
    CheckStep,
    Endpoints,
    ExternalIdentity,
    LogoutNotice,
    ProviderSession,
    check_subject,
    config_of,
    refused,
)
from services.gateway.identity.sso.oidc import id_tokens
from services.gateway.identity.sso.oidc.discovery import Discovery, OidcDirectory
from services.gateway.identity.sso.oidc.token_requests import redeem, renewed, userinfo
from services.gateway.identity.sso.outbound import Outbound, ProviderAway

MAX_CODE_CHARACTERS = 4_000
CANCELLED = frozenset({"access_denied", "login_required", "interaction_required", "consent_required"})
NOT_CLAIMS = frozenset({"nonce", "at_hash", "c_hash", "aud", "azp", "iss", "exp", "iat", "nbf", "jti", "sid"})
"""Claims of the token itself, which say nothing about the person."""


class OpenIdConnect:
    """Logins at OpenID Connect providers."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._directory = OidcDirectory(outbound)

    async def prepare(self, provider: AuthProvider, before: AuthProvider | None) -> Mapping[str, str]:
        """Read the discovery document of a provider that will be used, if its issuer is new."""
        issuer = config_of(provider, OidcConfig).issuer
        known = before is not None and before.body.active and before.config.issuer == issuer
        if provider.body.active and not known:
            try:
                await self._directory.fetch_discovery(issuer)
            except ProviderAway as error:
                raise invalid_field("config.issuer", f"config.issuer can't be used: {error}", "discovery") from None
        return {}

    async def begin(self, provider: AuthProvider, endpoints: Endpoints, state: str) -> Begun:
        """The authorization request."""
        config: OidcConfig = config_of(provider, OidcConfig)
        discovery = await self._directory.discovery(provider)
        kept = {
            "nonce": secrets.token_urlsafe(32),
            "verifier": secrets.token_urlsafe(48),
            "redirect_uri": endpoints.at("callback"),
        }
        asked = {
            **config.extra_params,
            "response_type": "code",
            "client_id": config.client_id,
            "redirect_uri": kept["redirect_uri"],
            "scope": " ".join(config.scopes),
            "state": state,
            "nonce": kept["nonce"],
            "code_challenge": _hashed(kept["verifier"]),
            "code_challenge_method": "S256",
        }
        return Begun(_with_query(discovery.authorization_endpoint, asked), kept)

    async def finish(
        self, provider: AuthProvider, endpoints: Endpoints, kept: Mapping[str, str], sent: Mapping[str, str]
    ) -> ExternalIdentity:
        """Redeem the code, and check the ID token that comes for it."""
        discovery = await self._directory.discovery(provider)
        _check_answer(provider, discovery, sent)
        grant = {
            "grant_type": "authorization_code",
            "code": sent["code"],
            "redirect_uri": kept["redirect_uri"],
            "code_verifier": kept["verifier"],
        }
        tokens = await redeem(self._outbound, provider, discovery, grant)
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise refused(provider, "it sent no ID token")
        config: OidcConfig = config_of(provider, OidcConfig)
        claims = await self._verified(provider, token)
        try:
            id_tokens.check_id_token(claims, config.issuer, config.client_id, kept["nonce"], clock.unix())
            id_tokens.check_access_hash(claims, id_tokens.header_of(token)[0], tokens["access_token"])
        except id_tokens.BadToken as error:
            raise refused(provider, f"the ID token is not acceptable, {error}") from None
        subject = check_subject(provider, claims.get("sub"))
        claims = await self._completed(provider, discovery, claims, tokens["access_token"])
        return _identity(config, subject, claims, tokens, token)

    async def refresh(self, provider: AuthProvider, subject: str, session: ProviderSession) -> ProviderSession | None:
        """Renew the provider's refresh token, if it gave one (scope offline_access)."""
        refresh_token = session.data.get("refresh_token")
        if refresh_token is None:
            return session
        try:
            discovery = await self._directory.discovery(provider)
            tokens = await renewed(self._outbound, provider, discovery, refresh_token)
        except RocketError:
            return session
        if tokens is None:
            return None
        following = tokens.get("refresh_token")
        return ProviderSession(
            session.sid, {**session.data, **({"refresh_token": following} if isinstance(following, str) else {})}
        )

    async def end(
        self, provider: AuthProvider, endpoints: Endpoints, subject: str, session: ProviderSession
    ) -> str | None:
        """RP-initiated logout, where the provider has it."""
        url = (await self._directory.discovery(provider)).end_session_endpoint
        if url is None:
            return None
        config: OidcConfig = config_of(provider, OidcConfig)
        asked = {"client_id": config.client_id, "post_logout_redirect_uri": endpoints.home}
        if hint := session.data.get("id_token"):
            asked["id_token_hint"] = hint
        return _with_query(url, asked)

    async def notice(self, provider: AuthProvider, endpoints: Endpoints, sent: Mapping[str, str]) -> LogoutNotice:
        """A back-channel logout."""
        config: OidcConfig = config_of(provider, OidcConfig)
        claims = await self._verified(provider, sent.get("logout_token", ""))
        now = clock.unix()
        try:
            id_tokens.check_logout_token(claims, config.issuer, config.client_id, now)
        except id_tokens.BadToken as error:
            raise refused(provider, f"the logout token is not acceptable, {error}") from None
        subject, sid = claims.get("sub"), claims.get("sid")
        once = {f"logout/{claims['jti']}": now + id_tokens.MAX_AGE_S + 2 * id_tokens.LEEWAY_S}
        return LogoutNotice(subject if isinstance(subject, str) else "", sid if isinstance(sid, str) else "", once)

    async def check(self, provider: AuthProvider) -> Sequence[CheckStep]:
        """Discovery, then keys."""
        try:
            found = await self._directory.fetch_discovery(config_of(provider, OidcConfig).issuer)
        except ProviderAway as error:
            return [CheckStep("discovery", False, str(error))]
        try:
            keys = await self._directory.fetch_keys(found.jwks_uri)
        except ProviderAway as error:
            return [CheckStep("discovery", True), CheckStep("keys", False, str(error))]
        usable = CheckStep("keys", bool(keys), None if keys else "there is no key that can verify signatures")
        return [CheckStep("discovery", True), usable]

    async def _verified(self, provider: AuthProvider, token: str) -> Mapping[str, Any]:
        """The claims of a token that the provider has signed. Keys that it has rotated meanwhile are fetched."""
        try:
            _, key_id = id_tokens.header_of(token)
            try:
                return id_tokens.verified(token, await self._directory.keys(provider, key_id))
            except id_tokens.WrongSignature:
                return id_tokens.verified(token, await self._directory.keys(provider, key_id, renewed=True))
        except id_tokens.BadToken as error:
            raise refused(provider, str(error)) from None

    async def _completed(
        self, provider: AuthProvider, discovery: Discovery, claims: Mapping[str, Any], access_token: str
    ) -> Mapping[str, Any]:
        """With the claims of userinfo, where the ID token lacks some. Those of the token win."""
        wanted = {"email", *(line.claim for line in provider.body.role_mapping)}
        if discovery.userinfo_endpoint is None or all(values_of(claims, name) for name in wanted):
            return claims
        further = await userinfo(self._outbound, provider, discovery.userinfo_endpoint, access_token)
        # Of another person, or not of this protocol: it must name the same subject.
        return {**further, **claims} if further.get("sub") == claims["sub"] else claims


def _check_answer(provider: AuthProvider, discovery: Discovery, sent: Mapping[str, str]) -> None:
    issuer = config_of(provider, OidcConfig).issuer
    if (discovery.names_issuer or "iss" in sent) and sent.get("iss") != issuer:
        raise refused(provider, "the answer is of another issuer")
    if "error" in sent:
        code = sent["error"]
        raise refused(provider, "it was cancelled" if code in CANCELLED else "the provider reports an error")
    if not 0 < len(sent.get("code", "")) <= MAX_CODE_CHARACTERS:
        raise refused(provider, "the answer has no code")


def _identity(
    config: OidcConfig, subject: str, claims: Mapping[str, Any], tokens: Mapping[str, Any], token: str
) -> ExternalIdentity:
    email, sid = claims.get("email"), claims.get("sid")
    data = {"id_token": token}
    if isinstance(refresh_token := tokens.get("refresh_token"), str):
        data["refresh_token"] = refresh_token
    return ExternalIdentity(
        subject,
        email if isinstance(email, str) else None,
        config.trust_email or claims.get("email_verified") is True,
        {name: value for name, value in claims.items() if name not in NOT_CLAIMS},
        ProviderSession(sid if isinstance(sid, str) else "", data),
    )


def _hashed(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _with_query(url: str, values: Mapping[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(values)}"
