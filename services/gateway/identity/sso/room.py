"""The resources of single sign-on, and the types of providers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from libs.shared.contracts.context import Context
from libs.shared.errors import RocketError, invalid_field
from services.gateway.identity.realms import Realm
from services.gateway.identity.settings import IdentitySettings
from services.gateway.identity.sso.external import AuthProvider, Endpoints
from services.gateway.identity.sso.ldap.provider import LdapDirectory
from services.gateway.identity.sso.oidc.provider import OpenIdConnect
from services.gateway.identity.sso.outbound import Outbound
from services.gateway.identity.sso.provider_types import ProviderType
from services.gateway.identity.sso.saml.provider import SamlServiceProvider
from services.gateway.identity.sso.threads import Threads

SAML_THREADS = 2
LDAP_THREADS = 16
"""Logins at directories at once: each waits for answers most of its time."""
MAX_WAITING = 128
"""Logins that may wait for a thread; further ones are refused."""
BLOCKING_TIMEOUT_S = 9.0
"""Seconds for one login in a thread."""
MAX_REDIRECT_CHARACTERS = 1_000
HOME = "/admin/login"
ENDPOINTS = {
    "oidc": ("start", "callback", "backchannel-logout"),
    "saml": ("start", "metadata", "acs", "slo"),
    "ldap": ("login",),
}
"""The last words of our URLs for a provider, by its type."""
FindOrigins = Callable[[Context], Awaitable[frozenset[str]]]
"""The origins that the settings of the app in the context admit."""


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """What the operations of single sign-on share. `origins_of` finds the origins that an app admits."""

    settings: IdentitySettings
    outbound: Outbound
    types: Mapping[str, ProviderType]
    saml: SamlServiceProvider
    origins: frozenset[str]
    origins_of: FindOrigins

    def type_of(self, provider: AuthProvider) -> ProviderType:
        """What carries out the logins of a provider."""
        return self.types[provider.body.type]

    def path(self, realm: Realm) -> str:
        """The path of the realm's accounts."""
        return f"/api/{realm.app.name if realm.app else '_platform'}/auth"

    def endpoints(self, realm: Realm, provider: AuthProvider, origin: str) -> Endpoints:
        """Our URLs for a provider."""
        base = f"{origin}{self.path(realm)}/{provider.body.type}/{provider.name}"
        return Endpoints(base, f"{origin}{HOME}{f'?app={realm.app.name}' if realm.app else ''}")

    def endpoint_paths(self, realm: Realm, provider: AuthProvider) -> dict[str, str]:
        """The paths that a provider must know, and where a logout leads back to."""
        own = self.endpoints(realm, provider, self.settings.public_url.rstrip("/"))
        words = ENDPOINTS[provider.body.type]
        return {**{word.replace("-", "_"): own.at(word) for word in words}, "after_logout": own.home}

    def origin(self, requested: str) -> str:
        """Our own origin: as the settings say, in development as the browser sees it. Raises SERVICE_UNAVAILABLE."""
        if self.settings.public_url:
            return self.settings.public_url.rstrip("/")
        if self.settings.is_production:
            raise RocketError("SERVICE_UNAVAILABLE", "Single sign-on needs the setting public_url")
        return requested

    async def check_redirect(self, context: Context, origin: str, target: str) -> str:
        """Where a login may lead back to: our own origin, or one that is admitted. Raises INVALID_PAYLOAD."""
        text = target or f"{origin}{HOME}"
        if text.startswith("/") and not text.startswith(("//", "/\\")):
            text = f"{origin}{text}"
        if not await self._admits(context, origin, text):
            message = "redirect_to must be of this origin, or of one of cors_origins"
            error = invalid_field("redirect_to", message, "origin")
            raise RocketError("INVALID_PAYLOAD", error.message, error.details)
        return text

    async def _admits(self, context: Context, origin: str, text: str) -> bool:
        if (
            len(text) > MAX_REDIRECT_CHARACTERS
            or not text.isascii()
            or not text.isprintable()
            or set(' "\\<>') & set(text)
        ):
            return False
        try:
            parts = urlsplit(text)
        except ValueError:
            return False
        there = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.fragment:
            return False
        if there == origin or there in self.origins:
            return True
        return context.app is not None and there in await self.origins_of(context)


def open_single_sign_on(settings: Any, origins: frozenset[str], origins_of: FindOrigins) -> SingleSignOn:
    """The single sign-on of a gateway. `*` admits pages to call the API, not to be handed logins."""
    outbound = Outbound(settings.sso_allows_loopback, settings.sso_allow_private)
    saml = SamlServiceProvider(Threads("saml", SAML_THREADS, MAX_WAITING, BLOCKING_TIMEOUT_S))
    ldap = LdapDirectory(
        Threads("ldap", LDAP_THREADS, MAX_WAITING, BLOCKING_TIMEOUT_S), outbound.loopback, outbound.private
    )
    types: dict[str, ProviderType] = {"oidc": OpenIdConnect(outbound), "saml": saml, "ldap": ldap}
    return SingleSignOn(settings, outbound, types, saml, origins - {"*"}, origins_of)
