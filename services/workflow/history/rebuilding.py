"""The rows of instances made anew from their history."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.shared import exact
from libs.shared.postgres.databases import Connection, Database
from services.workflow.history import store
from services.workflow.history.instances import StoredInstance
from services.workflow.machine.state import InstanceState

SOME = f"""
SELECT {store.COLUMNS}, status, context::text AS context, current_steps
FROM workflow.instances WHERE id > $1 ORDER BY id LIMIT 100
"""
# Inputs from elsewhere are in no history, so they stay.
CLEAR = """
WITH tasks AS (DELETE FROM workflow.tasks WHERE instance_id = $1 AND kind <> 'input'),
approvals AS (DELETE FROM workflow.approvals WHERE instance_id = $1)
DELETE FROM workflow.awaited WHERE instance_id = $1
"""


@dataclass(frozen=True, slots=True)
class ShownInstance:
    """An instance, and what its row shows of its state."""

    instance: StoredInstance
    columns: Mapping[str, Any]

    def differing(self) -> list[str]:
        """The columns that the state says otherwise."""
        state = self.instance.state
        expected = {"status": state.status, "context": state.context, "current_steps": state.current_steps}
        return [name for name, value in expected.items() if exact.loads(exact.dumps(value)) != self.columns[name]]


async def some(database: Database, after: uuid.UUID) -> Sequence[ShownInstance]:
    """The next instances in the order of their ids."""
    found = []
    for row in await database.fetch(SOME, after):
        columns = {"status": row["status"], "context": exact.loads(row["context"])}
        found.append(ShownInstance(store.read(row), {**columns, "current_steps": list(row["current_steps"])}))
    return found


async def rebuild(transaction: Connection, instance: StoredInstance, state: InstanceState, now: datetime) -> None:
    """Give a locked instance another state, with the tasks and approvals that follow."""
    await transaction.execute(CLEAR, instance.id)
    await store.save(transaction, instance.advanced(InstanceState()), state, [], now)
