"""Identity: what the gateway answers to the other services."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.contracts.messages import Announcement, Ask


@dataclass(frozen=True, slots=True)
class Seeded:
    """The outcome of seeding: whether the admin had to be created."""

    created: bool


@dataclass(frozen=True, slots=True)
class SeedAdmin(Ask[Seeded]):
    """The first admin of the app in the context."""

    service, name, reply = "gateway", "identity.seed_admin", Seeded


@dataclass(frozen=True, slots=True)
class People:
    """Users as `[id, email]` pairs; inactive ones are left out."""

    people: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FindPeople(Ask[People]):
    """Active users of the app by role, ids or mails; given lists are a union."""

    service, name, reply = "gateway", "identity.find", People
    role: str = ""
    ids: list[str] | None = None
    emails: list[str] | None = None


@dataclass(frozen=True, slots=True)
class IdentityChanged(Announcement):
    """A user of an app was changed, deactivated or deleted: forget their verified tokens."""

    name = "identity.changed"
    app_id: str
    user_id: str
