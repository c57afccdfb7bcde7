"""The tasks of instances: claimed, settled, postponed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from libs.shared import exact
from libs.shared.postgres.databases import Connection, Database
from services.workflow.history import projecting
from services.workflow.history.instances import StoredInstance, Task
from services.workflow.history.projecting import COMMAND, TaskKey
from services.workflow.machine.state import InstanceState

# Claims due tasks until $2; if their replica dies, they are due again then. One per instance: two would wait for the
# lock of each other's.
CLAIM = """
UPDATE workflow.tasks t SET due_at = $2 FROM (
    SELECT instance_id, kind, key FROM workflow.tasks WHERE due_at <= $1 ORDER BY due_at LIMIT $3
    FOR UPDATE SKIP LOCKED
) d WHERE t.instance_id = d.instance_id AND t.kind = d.kind AND t.key = d.key
RETURNING t.instance_id::text, t.kind, t.key, t.attempts, t.data::text
"""
NEXT_DUE = "SELECT min(due_at) FROM workflow.tasks"
FORGET = "DELETE FROM workflow.tasks WHERE instance_id = $1 AND kind = $2 AND key = $3"
POSTPONE = """
UPDATE workflow.tasks SET due_at = $4, attempts = attempts + 1 WHERE instance_id = $1 AND kind = $2 AND key = $3
"""
RESCHEDULE = "UPDATE workflow.tasks SET due_at = $4 WHERE instance_id = $1 AND kind = $2 AND key = $3"


async def claim(database: Database, now: datetime, until: datetime, most: int) -> Sequence[Task]:
    """Claim up to `most` due tasks until `until`."""
    rows = await database.fetch(CLAIM, now, until, most)
    return [
        Task(r["instance_id"], r["kind"], r["key"], r["attempts"], exact.loads(r["data"]) if r["data"] else {})
        for r in rows
    ]


async def next_due(database: Database) -> datetime | None:
    """When the next task of the app is due."""
    moment: datetime | None = await database.fetchval(NEXT_DUE)
    return moment


async def forget(connection: Connection | Database, task: Task) -> None:
    """Nothing is to be done any more."""
    await connection.execute(FORGET, task.instance_id, task.kind, task.key)


async def postpone(connection: Connection | Database, task: Task, at: datetime) -> None:
    """Try again later."""
    await connection.execute(POSTPONE, task.instance_id, task.kind, task.key, at)


async def settle(connection: Connection, task: Task, state: InstanceState, now: datetime) -> None:
    """A task has been carried out: it is gone, unless the instance still wants it at a later time."""
    at = projecting.tasks_of(state, now).get(TaskKey(task.kind, task.key))
    if at is None:
        await forget(connection, task)
    else:
        await connection.execute(RESCHEDULE, task.instance_id, task.kind, task.key, at)


async def hold(connection: Connection, before: StoredInstance, state: InstanceState, until: datetime) -> Task | None:
    """The first command that follows, held by this replica, which carries it out at once."""
    if state.status != "running":
        return None
    for key, command in state.pending.items():
        if key not in before.state.pending and not command.get("sent"):
            await connection.execute(RESCHEDULE, before.id, COMMAND, key, until)
            return Task(before.id, COMMAND, key)
    return None
