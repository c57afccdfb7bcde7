"""The type `ldap`: there is no redirect; `finish` takes a name and a password."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from libs.shared.contracts.auth_providers import LdapConfig
from libs.shared.errors import invalid_field, not_found
from services.gateway.identity.sso.external import (
    AuthProvider,
    Begun,
    CheckStep,
    Endpoints,
    ExternalIdentity,
    LogoutNotice,
    ProviderSession,
    away,
    check_subject,
    config_of,
)
from services.gateway.identity.sso.ldap.addresses import ServerAway
from services.gateway.identity.sso.ldap.directory import Directory, DirectoryEntry, is_disabled
from services.gateway.identity.sso.threads import Threads
from services.gateway.identity.tokens import unauthorized

T = TypeVar("T")
WRONG_LOGIN = "Unknown account or wrong password"
NOBODY = "rocket-connection-test"


class LdapDirectory:
    """Logins at directories. `loopback`, `private`: whether those networks may be called."""

    def __init__(self, threads: Threads, loopback: bool, private: bool) -> None:
        self._threads = threads
        self._loopback, self._private = loopback, private

    async def prepare(self, provider: AuthProvider, before: AuthProvider | None) -> Mapping[str, str]:
        """Refuse a service account without a password: it would be nobody."""
        if not provider.secrets.get("bind_password"):
            raise invalid_field("config.bind_password", "config.bind_password is required", "required")
        return {}

    async def begin(self, provider: AuthProvider, endpoints: Endpoints, state: str) -> Begun:
        """There is nowhere to send a browser."""
        raise not_found("Page")

    async def finish(
        self, provider: AuthProvider, endpoints: Endpoints, kept: Mapping[str, str], sent: Mapping[str, str]
    ) -> ExternalIdentity:
        """Find the entry of the name, and bind as it. Raises UNAUTHORIZED, the same for every reason."""
        username, password = sent["username"], sent["password"]
        if not username or not password:
            raise unauthorized("invalid", WRONG_LOGIN)
        identity = await self._run(provider, lambda directory: _proved(provider, directory, username, password))
        if identity is None:
            raise unauthorized("invalid", WRONG_LOGIN)
        return identity

    async def refresh(self, provider: AuthProvider, subject: str, session: ProviderSession) -> ProviderSession | None:
        """Whether the entry still is there, and not disabled."""
        dn = session.data.get("dn", "")

        def still_there(directory: Directory) -> bool:
            with directory.opened() as connection:
                return directory.is_there(connection, dn)

        try:
            there = await self._threads.run(lambda: still_there(self._directory(provider)))
        except (ServerAway, TimeoutError):
            return session
        return session if there else None

    async def end(
        self, provider: AuthProvider, endpoints: Endpoints, subject: str, session: ProviderSession
    ) -> str | None:
        """A directory has no sessions."""
        return None

    async def notice(self, provider: AuthProvider, endpoints: Endpoints, sent: Mapping[str, str]) -> LogoutNotice:
        """A directory tells nothing."""
        raise not_found("Page")

    async def check(self, provider: AuthProvider) -> Sequence[CheckStep]:
        """Connect and bind as the service account, then search."""

        def tried() -> list[CheckStep]:
            directory, steps = self._directory(provider), list[CheckStep]()
            try:
                with directory.opened() as connection:
                    steps.append(CheckStep("bind", True))
                    directory.find(connection, NOBODY, ())
                    steps.append(CheckStep("search", True))
            except ServerAway as error:
                steps.append(CheckStep("search" if steps else "bind", False, str(error)))
            return steps

        try:
            return await self._threads.run(tried)
        except TimeoutError:
            return [CheckStep("bind", False, "no answer in time")]

    def _directory(self, provider: AuthProvider) -> Directory:
        config: LdapConfig = config_of(provider, LdapConfig)
        return Directory(config, provider.secrets["bind_password"], self._loopback, self._private)

    async def _run(self, provider: AuthProvider, work: Callable[[Directory], T]) -> T:
        try:
            return await self._threads.run(lambda: work(self._directory(provider)))
        except ServerAway as error:
            raise away(provider, str(error)) from None
        except TimeoutError:
            raise away(provider, "no answer in time") from None


def _proved(provider: AuthProvider, directory: Directory, username: str, password: str) -> ExternalIdentity | None:
    config: LdapConfig = config_of(provider, LdapConfig)
    named = {config.attributes.email, config.attributes.name, config.attributes.id, "userAccountControl"} - {None}
    claimed = {line.claim for line in provider.body.role_mapping} - {"groups", "dn"}
    with directory.opened() as connection:
        entry = directory.find(connection, username, sorted({*map(str, named), *filter(_is_attribute, claimed)}))
        if entry is None or is_disabled(entry) or not directory.proves(connection, entry, password):
            return None
        groups = directory.groups(connection, entry, username)
    return _identity(provider, config, entry, groups)


def _identity(provider: AuthProvider, config: LdapConfig, entry: DirectoryEntry, groups: list[str]) -> ExternalIdentity:
    emails = entry.values.get(config.attributes.email.lower(), [])
    subject = entry.dn
    if config.attributes.id is not None:
        subject = (entry.values.get(config.attributes.id.lower()) or [""])[0]
    claims = {**entry.values, "dn": entry.dn, "groups": groups, "username": entry.dn}
    asked = {line.claim for line in provider.body.role_mapping}
    claims |= {name: entry.values[name.lower()] for name in asked if name.lower() in entry.values}
    return ExternalIdentity(
        check_subject(provider, subject),
        emails[0] if emails else None,
        config.trust_email,
        claims,
        ProviderSession("", {"dn": entry.dn}),
    )


def _is_attribute(name: str) -> bool:
    return name.isascii() and name.replace("-", "").replace(";", "").isalnum()
