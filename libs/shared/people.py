"""Users of an app as other services know them: active ones, by role, id and address.

directory = await look_up(rpc, context, PeopleDirectory(), roles={"manager"}, ids={...}, emails={...})
directory.by_role["manager"], directory.named("ann@example.com")
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import Context
from libs.shared.contracts.identity import MAX_PEOPLE, FindPeople
from libs.shared.emails import same_address
from libs.shared.errors import RocketError

D = TypeVar("D", bound="PeopleDirectory")

NAMES_PER_REQUEST = 1_000
"""Roles, ids or addresses of one request."""


class Person(NamedTuple):
    """An active user."""

    id: str
    email: str
    roles: frozenset[str] = frozenset()


@dataclass(slots=True)
class PeopleDirectory:
    """Users that were looked up, by role, id (lower case) and address (in the form that is compared)."""

    by_role: dict[str, list[Person]] = field(default_factory=dict)
    by_id: dict[str, Person] = field(default_factory=dict)
    by_email: dict[str, Person] = field(default_factory=dict)

    def add(self, people: Iterable[Person]) -> None:
        """Add these users by id and address."""
        for person in people:
            self.by_id[person.id.lower()] = self.by_email[same_address(person.email)] = person

    def named(self, name: str) -> Person | None:
        """The user of an id or address."""
        return self.by_id.get(name.lower()) or self.by_email.get(same_address(name))


async def look_up(
    rpc: RpcClient,
    context: Context,
    directory: D,
    *,
    roles: Collection[str] = (),
    ids: Collection[str] = (),
    emails: Collection[str] = (),
) -> D:
    """Add the active users who have one of these roles, ids or addresses. Raises the errors of the request.

    Raises INVALID_STATE for a role of more than MAX_PEOPLE users.
    """
    wanted = [("roles", sorted(roles)), ("ids", sorted(ids)), ("emails", sorted(emails))]
    for kind, names in wanted:
        for start in range(0, len(names), NAMES_PER_REQUEST):
            found = await rpc.request(FindPeople(**{kind: names[start : start + NAMES_PER_REQUEST]}), context)
            if len(found.people) > MAX_PEOPLE:
                raise RocketError("INVALID_STATE", f"More than {MAX_PEOPLE} users have one of the roles {names}")
            people = [
                Person(user_id, email, frozenset(has))
                for (user_id, email), has in zip(found.people, found.roles, strict=True)
            ]
            directory.add(people)
            if kind == "roles":
                for role in names[start : start + NAMES_PER_REQUEST]:
                    directory.by_role[role] = [person for person in people if role in person.roles]
    return directory
