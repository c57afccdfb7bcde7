"""As whom a caller may decide: as themselves, and in the place of those who have delegated to them.

This is the only place that works it out: for decisions, for lists of what is pending, and for what is shown.
A delegation is not passed on: a delegate does not decide for those whose delegate the delegator is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.shared.contracts.context import Context
from services.workflow.delegations import store
from services.workflow.directory import find_users
from services.workflow.state import State


@dataclass(frozen=True, slots=True)
class Standing:
    """A person as whom the caller may decide, with the roles that this person has now.

    `ids` are the caller and that person: where one of them may not decide, or has decided already, this standing does
    not count. `workflow_ids` None: in all workflows.
    """

    id: str
    email: str
    ids: tuple[str, ...]
    roles: tuple[str, ...]
    is_admin: bool = False
    workflow_ids: tuple[str, ...] | None = None

    def covers(self, workflow_id: str) -> bool:
        """Whether it holds in a workflow."""
        return self.workflow_ids is None or workflow_id in self.workflow_ids

    def to_dict(self) -> dict[str, Any]:
        """As the statements take it."""
        return {
            "id": self.id, "ids": self.ids, "roles": self.roles, "is_admin": self.is_admin,
            "workflow_ids": self.workflow_ids,
        }  # fmt: skip


async def standings_of(state: State, context: Context, now: datetime) -> list[Standing]:
    """The caller first, then the active users who have delegated to them. Raises the errors of the gateway."""
    user = context.user
    own = Standing(user.id, user.email, (user.id,), tuple(user.roles), user.is_admin)
    rows = await state.database(context.the_app).fetch(store.DELEGATIONS, user.id, now)
    delegated = covered_by((row["from_id"], row["workflow_ids"]) for row in rows)
    people = await find_users(state, context, delegated.keys())
    found = [own]
    for delegator, workflow_ids in delegated.items():
        person = people.named(delegator)
        if person is not None:
            ids = tuple(sorted(workflow_ids)) if workflow_ids is not None else None
            roles = tuple(sorted(person.roles))
            found.append(Standing(person.id, person.email, (user.id, person.id), roles, workflow_ids=ids))
    return found


def covered_by(rows: Iterable[tuple[str, Collection[str] | None]]) -> dict[str, frozenset[str] | None]:
    """Delegator → the workflows of all their delegations to one user; None: all workflows. Pure."""
    found: dict[str, frozenset[str] | None] = {}
    for delegator, ids in rows:
        known = found.get(delegator, frozenset())
        found[delegator] = None if ids is None or known is None else known | frozenset(ids)
    return found
