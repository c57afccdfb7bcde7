"""The interface of a type of provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.gateway.identity.sso.external import (
    AuthProvider,
    Begun,
    CheckStep,
    Endpoints,
    ExternalIdentity,
    LogoutNotice,
    ProviderSession,
)


class ProviderType(Protocol):
    """A type of provider. Refusals are PROVIDER_REFUSED, outages PROVIDER_UNAVAILABLE. It knows nothing of users."""

    async def prepare(self, provider: AuthProvider, before: AuthProvider | None) -> Mapping[str, str]:
        """The secrets to store with a provider that is saved. Raises VALIDATION_FAILED for what can't work."""

    async def begin(self, provider: AuthProvider, endpoints: Endpoints, state: str) -> Begun:
        """Where the browser goes to log in, and brings `state` back from."""

    async def finish(
        self, provider: AuthProvider, endpoints: Endpoints, kept: Mapping[str, str], sent: Mapping[str, str]
    ) -> ExternalIdentity:
        """Who it was, by what was `kept` at the beginning and what the browser has `sent`."""

    async def refresh(self, provider: AuthProvider, subject: str, session: ProviderSession) -> ProviderSession | None:
        """The session as it goes on, or None if it has ended at the provider. Who can't be asked lets it go on."""

    async def end(
        self, provider: AuthProvider, endpoints: Endpoints, subject: str, session: ProviderSession
    ) -> str | None:
        """Where the browser goes to end the session at the provider too; None where there is no such place."""

    async def notice(self, provider: AuthProvider, endpoints: Endpoints, sent: Mapping[str, str]) -> LogoutNotice:
        """What the provider says to have ended."""

    async def check(self, provider: AuthProvider) -> Sequence[CheckStep]:
        """Try the connection step by step. Raises nothing, and tells no secret."""
