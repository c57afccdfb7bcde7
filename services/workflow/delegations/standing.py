"""As whom a caller may decide: as themselves, and in the place of those who have delegated to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.shared.contracts.context import SYSTEM, Context
from libs.shared.people import PeopleDirectory, look_up
from services.workflow.delegations.delegating import delegators_of
from services.workflow.state import State

CALL_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A person in whose place the caller may decide, with the roles that person has now.

    `ids` are those who decide then: if one of them may not, or has decided, this standing does not count.
    `workflow_ids` None: in all workflows.
    """

    id: str
    email: str
    ids: tuple[str, ...]
    roles: tuple[str, ...]
    is_admin: bool = False
    workflow_ids: tuple[str, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the statements take it."""
        return {
            "id": self.id, "ids": self.ids, "roles": self.roles, "is_admin": self.is_admin,
            "workflow_ids": self.workflow_ids,
        }  # fmt: skip


async def standings_of(state: State, context: Context, now: datetime) -> list[Standing]:
    """The caller, and the active users who have delegated to them."""
    user = context.user
    own = Standing(user.id, user.email, (user.id,), tuple(user.roles), user.is_admin)
    delegators = await delegators_of(state.database(context.the_app), user.id, None, now)
    if not delegators:
        return [own]
    asking = context.for_user(SYSTEM).within(CALL_TIMEOUT_S)
    people = await look_up(state.core.rpc, asking, PeopleDirectory(), ids={each.id for each in delegators})
    found = [own]
    for each in delegators:
        person = people.named(each.id)
        if person is not None:
            covered = tuple(sorted(each.workflow_ids)) if each.workflow_ids is not None else None
            roles = tuple(sorted(person.roles))
            found.append(Standing(person.id, person.email, (user.id, person.id), roles, False, covered))
    return found
