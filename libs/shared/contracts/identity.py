"""Identity: what the gateway answers to the other services."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from libs.shared.contracts.messages import Announcement, Request


@dataclass(frozen=True, slots=True)
class Seeded:
    """The outcome of seeding: whether an admin was created; or the invite, shown once, to become the first one."""

    created: bool
    invite: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SeedAdmin(Request[Seeded]):
    """The first admin of the app in the context.

    With a password they are created, with an address alone invited; without either it is as the mode says:
    the well-known admin in development, in production an invite for the caller's own address.
    """

    service, name, reply = "gateway", "identity.seed_admin", Seeded
    email: str = ""
    password: str = field(default="", repr=False)


MAX_PEOPLE = 10_000
"""Users of one answer."""
MAX_PREFIXED = 200
"""Users of one answer by the beginning of their addresses."""


@dataclass(frozen=True, slots=True)
class People:
    """Users as `[id, email]` pairs, and the roles of each; inactive ones are left out."""

    people: list[tuple[str, str]]
    roles: list[list[str]]


@dataclass(frozen=True, slots=True)
class FindPeople(Request[People]):
    """Active users of the app by roles, ids or mails; given lists are a union. At most MAX_PEOPLE, and one more."""

    service, name, reply = "gateway", "identity.find", People
    by_services = True
    roles: list[str] | None = None
    ids: list[str] | None = None
    emails: list[str] | None = None


@dataclass(frozen=True, slots=True)
class FindNamed(Request[People]):
    """Active users by whole addresses and by what stands before the @; or MAX_PREFIXED by how their addresses begin."""

    service, name, reply = "gateway", "identity.find_named", People
    by_services = True
    names: list[str] | None = None
    prefix: str | None = None


@dataclass(frozen=True, slots=True)
class Roles:
    """Names of roles."""

    names: list[str]


@dataclass(frozen=True, slots=True)
class ListRoles(Request[Roles]):
    """The roles that active users and API keys of the app have."""

    service, name, reply = "gateway", "identity.roles", Roles


@dataclass(frozen=True, slots=True)
class PasswordsClosed:
    """How many sessions have ended."""

    sessions: int


@dataclass(frozen=True, slots=True)
class ClosePasswords(Request[PasswordsClosed]):
    """End the sessions that users of the app, other than admins, have begun with a password.

    CONFLICT where no active admin has logged in at a provider: nobody could repair a provider that fails.
    """

    service, name, reply = "gateway", "identity.close_passwords", PasswordsClosed


@dataclass(frozen=True, slots=True)
class IdentityChanged(Announcement):
    """Tokens end: those of a user that were issued under an older `version`, or of a session or API key.

    `scope` is an app's id, or `platform`; either `user_id` or `session_id` is empty.
    """

    name = "identity.changed"
    scope: str
    user_id: str
    session_id: str
    version: int


@dataclass(frozen=True, slots=True)
class SigningKeysChanged(Announcement):
    """The signing keys of a scope were rotated: look at them again."""

    name = "identity.keys_changed"
    scope: str
