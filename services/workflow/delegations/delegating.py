"""In whose place a user may decide now: asked when a decision is made, and for lists of what is pending.

A delegation is not passed on: who decides for somebody does not decide for those who that person decides for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.shared.postgres.databases import Connection, Database
from services.workflow.delegations import store


@dataclass(frozen=True, slots=True)
class Delegator:
    """Somebody in whose place a user decides; `workflow_ids` None: in all workflows.

    They must still be active, and have what the seat asks for, when the decision is made.
    """

    id: str
    email: str
    workflow_ids: frozenset[str] | None = None

    def covers(self, workflow_id: str) -> bool:
        """Whether the delegation is for instances of a workflow."""
        return self.workflow_ids is None or workflow_id in self.workflow_ids


async def delegators_of(
    source: Connection | Database, user_id: str, workflow_id: str | None, now: datetime
) -> Sequence[Delegator]:
    """Those in whose place a user decides at a time, in one workflow or (None) in any; each delegator once."""
    rows = await source.fetch(store.DELEGATIONS, user_id, now)
    found: dict[str, Delegator] = {}
    for row in rows:
        ids = frozenset(row["workflow_ids"]) if row["workflow_ids"] is not None else None
        known = found.get(row["from_id"])
        if known is not None:
            ids = None if ids is None or known.workflow_ids is None else ids | known.workflow_ids
        found[row["from_id"]] = Delegator(row["from_id"], row["from_email"], ids)
    return [each for each in found.values() if workflow_id is None or each.covers(workflow_id)]
