"""The receivers of a rule. Pure: the users are a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.emails import same_address
from libs.shared.ids import parse_uuid
from libs.shared.people import PeopleDirectory
from services.notify.addresses import is_address
from services.notify.templates import look_up

MAX_RECIPIENTS_OF_PATH = 100
"""The largest number of recipients from one path."""

Receivers = Sequence[tuple[str, str | None]]
"""Address and user id of each; the id is None if the address is no user's."""
NOBODY: Receivers = [("", None)]
"""Stands in for missing receivers, so that a failed notification shows that there were none."""


@dataclass(frozen=True, slots=True)
class Addressees:
    """Recipients before users are looked up: ids, addresses, roles."""

    ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


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
            elif channel == "email":
                found.setdefault(address, (email, None))
        return list(found.values())


def addressees_of(recipients: Iterable[Mapping[str, str]], environment: Mapping[str, Any]) -> Addressees:
    """The recipients of a rule for one commit; the value of a path is an address, a user's id, or a list."""
    ids: set[str] = set()
    emails: set[str] = set()
    roles: set[str] = set()
    for recipient in recipients:
        for kind, value in recipient.items():
            if kind == "role":
                roles.add(value)
                continue
            named = _values(look_up(environment, value)) if kind == "path" else [value]
            emails.update(name for name in named if is_address(name))
            ids.update(str(user_id) for name in named if (user_id := parse_uuid(name)))
    return Addressees(frozenset(ids), frozenset(emails), frozenset(roles))


def may_be(channel: str, addressees: Addressees, receivers: Receivers) -> bool:
    """Whether some directory of users would turn these addressees into these receivers."""
    known = {same_address(address) for address, _ in receivers}
    named = {same_address(email) for email in addressees.emails}
    if len(known) < len(receivers) or (channel == "email" and not named <= known):
        return False

    def meant(address: str, user_id: str | None) -> bool:
        if user_id is None:
            return channel == "email" and same_address(address) in named
        return bool(addressees.roles) or user_id.lower() in addressees.ids or same_address(address) in named

    return all(meant(address, user_id) for address, user_id in receivers)


def is_user_or_address(name: str) -> bool:
    """Whether a name is a user's id or an address, and so no role."""
    return is_address(name) or parse_uuid(name) is not None


def _values(value: Any) -> list[Any]:
    return value[:MAX_RECIPIENTS_OF_PATH] if isinstance(value, list) else [value]
