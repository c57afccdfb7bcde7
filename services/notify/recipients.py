"""The receivers of a rule. Pure: the users are a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.emails import is_address, same_address
from libs.shared.ids import parse_uuid
from libs.shared.people import PeopleDirectory
from services.notify.templates import look_up

MAX_RECIPIENTS_OF_PATH = 100
"""The largest number of recipients from one path."""

Receivers = Sequence[tuple[str, str | None]]
"""Address and user id of each; the id is None if the address is no user's."""
NO_PEOPLE: Mapping[str, Any] = {}
NOBODY: Receivers = [("", None)]
"""Stands in for missing receivers, so that a failed notification shows that there were none."""


@dataclass(frozen=True, slots=True)
class Addressees:
    """Recipients before users are looked up: ids, addresses, roles."""

    ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

    def without(self, user_id: str | None, email: str | None) -> Addressees:
        """The recipients without a person by id and address; their roles stay."""
        ids = self.ids - {user_id.lower()} if user_id else self.ids
        return Addressees(
            ids, frozenset(each for each in self.emails if not email or not _same(each, email)), self.roles
        )


@dataclass(slots=True)
class Directory(PeopleDirectory):
    """The users that were looked up."""

    def receivers(self, channel: str, addressees: Addressees) -> Receivers:
        """Address and user id of each recipient, without duplicates; only users have an inbox."""
        people = [person for role in sorted(addressees.roles) for person in self.by_role.get(role, ())]
        people += [self.by_id[user_id] for user_id in sorted(addressees.ids) if user_id in self.by_id]
        found: dict[str, tuple[str, str | None]] = {
            same_address(email): (email, user_id)
            for user_id, email, _ in people
            if channel == "in_app" or is_address(email)
        }
        for email in sorted(addressees.emails):
            address = same_address(email)
            person = self.by_email.get(address)
            if person:
                found.setdefault(address, (person.email, person.id))
            elif channel != "in_app":
                found.setdefault(address, (email, None))
        return list(found.values())


def addressees_of(
    recipients: Iterable[Mapping[str, str | bool]],
    environment: Mapping[str, Any],
    people: Mapping[str, Any] = NO_PEOPLE,
) -> Addressees:
    """The recipients of a rule for what it tells of; the value of a path is an address, a user's id, or a list.

    `people` are the ids of those who are meant by `initiator` and `mentioned`.
    """
    ids: set[str] = set()
    emails: set[str] = set()
    roles: set[str] = set()
    for recipient in recipients:
        for kind, value in recipient.items():
            if kind == "role":
                roles.add(str(value))
                continue
            named = _values(people.get(kind)) if value is True else [value]
            if kind == "path":
                named = _values(look_up(environment, str(value)))
            emails.update(str(name) for name in named if is_address(name))
            ids.update(str(user_id) for name in named if (user_id := parse_uuid(name)))
    return Addressees(frozenset(ids), frozenset(emails), frozenset(roles))


def may_be(channel: str, addressees: Addressees, receivers: Receivers) -> bool:
    """Whether some directory of users would turn these addressees into these receivers."""
    known = {same_address(address) for address, _ in receivers}
    named = {same_address(email) for email in addressees.emails}
    if len(known) < len(receivers) or (channel != "in_app" and not named <= known):
        return False

    def meant(address: str, user_id: str | None) -> bool:
        if user_id is None:
            return channel != "in_app" and same_address(address) in named
        return bool(addressees.roles) or user_id.lower() in addressees.ids or same_address(address) in named

    return all(meant(address, user_id) for address, user_id in receivers)


def is_user_or_address(name: str) -> bool:
    """Whether a name is a user's id or an address, and so no role."""
    return is_address(name) or parse_uuid(name) is not None


def is_person(address: str, user_id: str | None, actor: Mapping[str, Any]) -> bool:
    """Whether a receiver is the person who has caused what is told."""
    if user_id is not None and actor.get("id"):
        return user_id.lower() == str(actor["id"]).lower()
    return bool(address and actor.get("email")) and _same(address, str(actor["email"]))


def _same(one: str, other: str) -> bool:
    return same_address(one) == same_address(other)


def _values(value: Any) -> list[Any]:
    return value[:MAX_RECIPIENTS_OF_PATH] if isinstance(value, list) else [value]
