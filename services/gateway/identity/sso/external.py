"""What the types of providers and the rest of the room say to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.shared.contracts.auth_providers import AuthProviderBody
from libs.shared.contracts.bodies import RequestBody
from libs.shared.errors import RocketError

MAX_SUBJECT_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class AuthProvider:
    """A provider as stored, with its secrets. `version` grows with every change."""

    id: str
    version: int
    body: AuthProviderBody
    config: Any
    secrets: Mapping[str, str] = field(repr=False)

    @property
    def name(self) -> str:
        """Its name in URLs."""
        return self.body.name

    @property
    def via(self) -> str:
        """How its sessions are marked."""
        return f"{self.body.type}:{self.body.name}"

    @property
    def label(self) -> str:
        """What people call it."""
        return self.body.label or self.body.name

    @property
    def cache_key(self) -> tuple[str, int]:
        """What anything remembered about it is kept by."""
        return self.id, self.version


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Our own URLs for one provider, as it must know them. `home` is where a logout leads back to."""

    base: str
    home: str

    def at(self, last: str) -> str:
        """The URL that ends with a word: `callback`, `acs`, …"""
        return f"{self.base}/{last}"


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that has begun: where the browser goes, and what `finish` needs to know again."""

    url: str
    kept: dict[str, str]


@dataclass(frozen=True, slots=True)
class ProviderSession:
    """The session at the provider: its id there, and what its logout needs."""

    sid: str = ""
    data: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """Who somebody is, as a provider has proved. `subject` never changes there; `email` counts only if verified."""

    subject: str
    email: str | None
    email_verified: bool
    claims: Mapping[str, Any] = field(repr=False)
    session: ProviderSession = ProviderSession()
    once: Mapping[str, float] = field(default_factory=dict, repr=False)
    """What must not have been used before, each with the Unix time until which it is remembered."""


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """A provider says that sessions have ended: the one of `sid`, or all of `subject`."""

    subject: str
    sid: str
    once: Mapping[str, float]
    answer: str = ""
    """Where the browser that brought it goes on to, if one did."""


@dataclass(frozen=True, slots=True)
class CheckStep:
    """A step of a connection test."""

    name: str
    ok: bool
    error: str | None = None

    def shown(self) -> dict[str, Any]:
        """The step as answers show it."""
        return {"name": self.name, "ok": self.ok, **({"error": self.error} if self.error else {})}


def refused(provider: AuthProvider, why: str) -> RocketError:
    """What a provider has sent is not acceptable. `why` never holds a token, a code or an assertion."""
    return RocketError("PROVIDER_REFUSED", f"The login at {provider.label} failed: {why}")


def away(provider: AuthProvider, why: str = "") -> RocketError:
    """The provider does not answer."""
    said = f": {why}" if why else ""
    message = f"{provider.label} can't be reached{said}. Try again, or use another way to log in"
    return RocketError("PROVIDER_UNAVAILABLE", message)


def check_subject(provider: AuthProvider, subject: object) -> str:
    """A subject that can be stored. Raises PROVIDER_REFUSED."""
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_CHARACTERS or not subject.isprintable():
        raise refused(provider, "it names no subject that can be stored")
    return subject


def config_of(provider: AuthProvider, model: type[RequestBody]) -> Any:
    """The provider's configuration, which is of this model by its type."""
    assert isinstance(provider.config, model), "the type decides the model"
    return provider.config
