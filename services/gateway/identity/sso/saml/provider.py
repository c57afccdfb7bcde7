"""The type `saml`: SAML 2.0 with the browser bindings HTTP-Redirect (out) and HTTP-POST (in)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from cachetools import LRUCache
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from libs.shared import clock
from libs.shared.contracts.auth_providers import SamlConfig
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
from services.gateway.identity.sso.saml import messages, own_keys, toolkit
from services.gateway.identity.sso.saml.descriptions import IdpDescription, described
from services.gateway.identity.sso.saml.documents import BadDocument
from services.gateway.identity.sso.threads import Threads

T = TypeVar("T")
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
EMAILS = (
    "email",
    "mail",
    "emailAddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
)
"""Attributes that hold the address, the first that is there counts."""
MAX_PROVIDERS = 1_000


class SamlServiceProvider:
    """Logins at SAML identity providers."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._settings: LRUCache[tuple[Any, ...], OneLogin_Saml2_Settings] = LRUCache(MAX_PROVIDERS)
        self._described: LRUCache[tuple[str, int], IdpDescription] = LRUCache(MAX_PROVIDERS)

    async def prepare(self, provider: AuthProvider, before: AuthProvider | None) -> Mapping[str, str]:
        """Read the metadata, and make our own key when the provider is new. The key stays for its life."""
        await self._threads.run(lambda: described(config_of(provider, SamlConfig)))
        if before is not None and "private_key" in before.secrets:
            return {name: before.secrets[name] for name in ("private_key", "certificate")}
        now = clock.now()
        return await self._threads.run(lambda: own_keys.made(now))

    async def begin(self, provider: AuthProvider, endpoints: Endpoints, state: str) -> Begun:
        """An AuthnRequest in a redirect."""
        url, request_id = await self._run(
            provider, lambda: toolkit.login_url(self._of(provider, endpoints), endpoints, state)
        )
        return Begun(url, {"request_id": request_id})

    async def finish(
        self, provider: AuthProvider, endpoints: Endpoints, kept: Mapping[str, str], sent: Mapping[str, str]
    ) -> ExternalIdentity:
        """The assertion that a browser brings in a form."""
        text, now = sent.get("SAMLResponse", ""), clock.unix()
        found = await self._run(provider, lambda: toolkit.verified(self._of(provider, endpoints), endpoints, text, now))
        if found.in_response_to != kept.get("request_id"):
            raise refused(provider, "it does not answer the request of this login")
        if found.name_id_format == toolkit.TRANSIENT:
            raise refused(provider, "a transient NameID identifies nobody: ask for another name_id_format")
        return _identity(provider, found)

    async def refresh(self, provider: AuthProvider, subject: str, session: ProviderSession) -> ProviderSession | None:
        """SAML can't be asked without the browser."""
        return session

    async def end(
        self, provider: AuthProvider, endpoints: Endpoints, subject: str, session: ProviderSession
    ) -> str | None:
        """A LogoutRequest in a redirect, where the identity provider takes one."""
        if self._idp(provider).slo_url is None:
            return None
        return await self._run(
            provider, lambda: toolkit.logout_url(self._of(provider, endpoints), endpoints, session.data)
        )

    async def notice(self, provider: AuthProvider, endpoints: Endpoints, sent: Mapping[str, str]) -> LogoutNotice:
        """A LogoutRequest of the identity provider, or its answer to ours."""
        now, url = clock.unix(), endpoints.at("slo")

        def heard() -> LogoutNotice:
            message = messages.read(self._idp(provider), url, sent, now)
            once = {f"message/{message.id}": now + messages.MAX_AGE_S + 2 * messages.LEEWAY_S}
            if message.is_answer:
                return LogoutNotice("", "", once, endpoints.home)
            settings, idp = self._of(provider, endpoints), self._idp(provider)
            answer = endpoints.home
            if idp.slo_answer_url is not None:
                answer = toolkit.logout_answer(settings, message.id, sent.get("RelayState"))
            return LogoutNotice(message.name_id, message.session_index, once, answer)

        return await self._run(provider, heard)

    async def check(self, provider: AuthProvider) -> Sequence[CheckStep]:
        """Metadata, then our settings. Nothing of SAML can be reached without a browser."""
        try:
            await self._run(provider, lambda: self._of(provider, Endpoints("https://rocket.example/x", "")))
        except Exception as error:
            return [CheckStep("metadata", False, str(error))]
        return [CheckStep("metadata", True), CheckStep("keys", bool(self._idp(provider).certificates))]

    async def metadata(self, provider: AuthProvider, endpoints: Endpoints) -> bytes:
        """Our metadata for the identity provider."""
        return await self._run(provider, lambda: toolkit.metadata(self._of(provider, endpoints)))

    async def _run(self, provider: AuthProvider, work: Callable[[], T]) -> T:
        try:
            return await self._threads.run(work)
        except BadDocument as error:
            raise refused(provider, str(error)) from None

    def _idp(self, provider: AuthProvider) -> IdpDescription:
        known = self._described.get(provider.cache_key)
        if known is None:
            known = self._described[provider.cache_key] = described(config_of(provider, SamlConfig))
        return known

    def _of(self, provider: AuthProvider, endpoints: Endpoints) -> OneLogin_Saml2_Settings:
        key = (*provider.cache_key, endpoints.base)
        known = self._settings.get(key)
        if known is None:
            config, idp = config_of(provider, SamlConfig), self._idp(provider)
            known = self._settings[key] = toolkit.settings_of(config, idp, provider.secrets, endpoints)
        return known


def _identity(provider: AuthProvider, found: toolkit.VerifiedAssertion) -> ExternalIdentity:
    emails = [value for name in EMAILS for value in found.attributes.get(name, ())]
    if found.name_id_format == EMAIL_FORMAT:
        emails.append(found.name_id)
    data = {"name_id": found.name_id, "name_id_format": found.name_id_format,
            "session_index": found.session_index or "", **found.name_qualifiers}  # fmt: skip
    claims = {**found.attributes, "name_id": found.name_id}
    return ExternalIdentity(
        check_subject(provider, found.name_id),
        emails[0] if emails else None,
        config_of(provider, SamlConfig).trust_email,
        claims,
        ProviderSession(found.session_index or "", data),
        {f"assertion/{provider.id}/{found.id}": found.expires},
    )
