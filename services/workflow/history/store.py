"""The statements that store instances and their history: named and explained."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from libs.shared import clock, exact
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Connection, Database, Record
from libs.shared.schema.json_values import NUL
from libs.shared.schema.workflows import WorkflowDefinition
from services.workflow.history import projecting
from services.workflow.history.codec import state_from_dict, state_to_dict
from services.workflow.history.instances import InstanceOrigin, StoredInstance
from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.plan import StepPlan, plan_of
from services.workflow.machine.state import InstanceState

MAX_STATE_BYTES = 8 * 1024 * 1024
"""The largest state of an instance that goes on."""
ENDING_BYTES = 256 * 1024
"""What an instance may need beyond that to fail or to be cancelled."""

COLUMNS = """id::text, workflow_id::text, workflow_name, coalesce(followed, definition)::text AS document, state::text,
    entity, record_id, commit_key, actor::text, trace_id, cause_depth, schema_version, parent_id::text,
    parent_key, created_at, followed IS NOT NULL AS is_renamed"""
# A new instance, unless its workflow has been started by the same key before.
INSERT = """
INSERT INTO workflow.instances (
    id, workflow_id, workflow_name, definition, entity, record_id, commit_key, actor, trace_id, cause_depth,
    schema_version, parent_id, parent_key, initiator_id, cancels, created_at, updated_at, status, current_step,
    current_step_deadline, current_steps, context, state, seq, ended_at
) VALUES (
    $1, $2, $3, $4::jsonb, $5, $6, $7, $8::jsonb, $9, $10, $11, $12, $13, $14, $15, $16, $16, $17, $18, $19, $20,
    $21::jsonb, $22::jsonb, $23, $24
) ON CONFLICT (workflow_id, commit_key) DO NOTHING RETURNING id
"""
# The new state of an instance that is locked, or was inserted by the same transaction.
SAVE = """
UPDATE workflow.instances SET
    updated_at = $2, status = $3, current_step = $4, current_step_deadline = $5, current_steps = $6,
    context = $7::jsonb, state = $8::jsonb, seq = $9, ended_at = $10, version = version + 1
WHERE id = $1
"""
# The number of an entry is the version that its writer expects: the same number twice is refused.
APPEND = """
WITH dropped AS (
    DELETE FROM workflow.tasks t USING unnest($9::text[], $10::text[]) AS d(kind, key)
    WHERE t.instance_id = $1 AND t.kind = d.kind AND t.key = d.key
), added AS (
    INSERT INTO workflow.tasks AS t (instance_id, kind, key, due_at)
    SELECT $1, a.kind, a.key, a.due_at FROM unnest($11::text[], $12::text[], $13::timestamptz[]) AS a(kind, key, due_at)
    ON CONFLICT (instance_id, kind, key) DO UPDATE SET due_at = excluded.due_at, attempts = 0
)
INSERT INTO workflow.history (instance_id, seq, kind, scope, step, data, at, shown)
SELECT $1, e.* FROM unnest(
    $2::int[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::timestamptz[], $8::jsonb[]) AS e
"""
LOCK = f"SELECT {COLUMNS} FROM workflow.instances WHERE id = $1 FOR UPDATE"
FIND = f"SELECT {COLUMNS} FROM workflow.instances WHERE id = $1"
ENTRIES = """
SELECT kind, scope, step, data::text AS data, at FROM workflow.history WHERE instance_id = $1 ORDER BY seq
"""
FORGET_APPROVALS = "DELETE FROM workflow.approvals WHERE instance_id = $1"
ADD_APPROVALS = """
INSERT INTO workflow.approvals (instance_id, scope, step, visit, roles, users, anyone, admins, barred, deadline, since)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
FORGET_EVENTS = "DELETE FROM workflow.awaited WHERE instance_id = $1"
ADD_EVENTS = """
INSERT INTO workflow.awaited (instance_id, key, event) SELECT $1, e.* FROM unnest($2::text[], $3::text[]) AS e
"""
# Something that an instance is told, once per key while it has not been.
TELL = """
INSERT INTO workflow.tasks (instance_id, kind, key, due_at, data) VALUES ($1, 'input', $2, $3, $4::jsonb)
ON CONFLICT (instance_id, kind, key) DO NOTHING
"""
CHILDREN = """
SELECT id FROM workflow.instances
WHERE parent_id = $1 AND parent_key = ANY($2) AND status IN ('running', 'failed')
"""


STARTED_BY = "SELECT id::text FROM workflow.instances WHERE workflow_id = $1 AND commit_key = $2"


class StateTooLarge(RocketError):
    """The state of an instance would be larger than MAX_STATE_BYTES."""

    def __init__(self) -> None:
        limit = f"{MAX_STATE_BYTES // 1024 // 1024} MiB"
        super().__init__(
            "PAYLOAD_TOO_LARGE",
            f"The instance would hold more than {limit}: what was sent, its trigger, context and outputs together",
        )


async def started_by(transaction: Connection, workflow_id: str, key: str) -> str | None:
    """The instance that a key has started."""
    found: str | None = await transaction.fetchval(STARTED_BY, workflow_id, key)
    return found


async def lock(transaction: Connection, instance_id: uuid.UUID) -> StoredInstance | None:
    """An instance, locked until the transaction ends: the next reader sees what has become of it."""
    row = await transaction.fetchrow(LOCK, instance_id)
    return read(row) if row else None


async def find(database: Database | Connection, instance_id: uuid.UUID) -> StoredInstance | None:
    """An instance as it is now."""
    row = await database.fetchrow(FIND, instance_id)
    return read(row) if row else None


async def entries_of(database: Database | Connection, instance_id: uuid.UUID) -> list[HistoryEntry]:
    """The whole history of an instance."""
    rows = await database.fetch(ENTRIES, instance_id)
    return [HistoryEntry(r["kind"], r["scope"], r["step"], exact.loads(r["data"]), clock.iso(r["at"])) for r in rows]


async def insert(transaction: Connection, new: StoredInstance, entries: Sequence[HistoryEntry], now: datetime) -> bool:
    """Store a new instance with its history; False when its key has started this workflow before."""
    origin, state = new.origin, new.state
    inserted = await transaction.fetchval(
        INSERT, new.id, new.workflow_id, new.workflow_name, new.document, origin.entity, origin.record_id,
        origin.commit_key, _json(origin.actor), origin.trace_id, origin.cause_depth,
        origin.schema_version, origin.parent_id, origin.parent_key, origin.actor.get("id"),
        new.plan.definition.cancel_when is not None, now, *_row(state, now),
    )  # fmt: skip
    if inserted is None:
        return False
    await _append(transaction, new.id, (new.plan, new.plan), InstanceState(), state, entries, now)
    return True


async def save(
    transaction: Connection, before: StoredInstance, state: InstanceState, entries: Sequence[HistoryEntry],
    now: datetime, plan: StepPlan | None = None,
) -> None:  # fmt: skip
    """Append to the history of a locked instance, and store what follows: its state, tasks and approvals."""
    await transaction.execute(SAVE, before.id, now, *_row(state, now))
    plans = (before.plan, plan or before.plan)
    await _append(transaction, before.id, plans, before.state, state, entries, now)


async def tell(transaction: Connection, instance_id: str, key: str, data: Mapping[str, Any], now: datetime) -> None:
    """Leave an input for an instance, which it gets as soon as it is free."""
    await transaction.execute(TELL, instance_id, key, now, _json(data))


async def children(transaction: Connection, parent_id: str, keys: Sequence[str]) -> list[str]:
    """The instances that commands of another one have started, and that have not ended."""
    return [str(row["id"]) for row in await transaction.fetch(CHILDREN, parent_id, list(keys))]


Plans = tuple[StepPlan, StepPlan]
"""Before and after; they differ when an instance moves to another version."""


async def _append(
    transaction: Connection, instance_id: str, plans: Plans, before: InstanceState, after: InstanceState,
    entries: Sequence[HistoryEntry], now: datetime,
) -> None:  # fmt: skip
    old, new = projecting.tasks_of(before, now), projecting.tasks_of(after, now)
    gone = [key for key in old if key not in new]
    moved = {key for key in old if key.kind == projecting.TIMER and old[key] != new.get(key)}
    added = [(key, at) for key, at in new.items() if key not in old or key in moved]
    first = after.seq - len(entries) + 1
    await transaction.execute(
        APPEND,
        instance_id,
        [first + number for number in range(len(entries))],
        [entry.kind for entry in entries],
        [entry.scope for entry in entries],
        [entry.step for entry in entries],
        [_json(entry.data) for entry in entries],
        [clock.parse(entry.at) for entry in entries],
        [_json(entry.shown) if entry.shown else None for entry in entries],
        [key.kind for key in gone],
        [key.key for key in gone],
        [key.kind for key, _ in added],
        [key.key for key, _ in added],
        [at for _, at in added],
    )
    await _project(transaction, instance_id, plans, before, after, now)


async def _project(
    transaction: Connection,
    instance_id: str,
    plans: Plans,
    before: InstanceState,
    after: InstanceState,
    now: datetime,
) -> None:
    """The approvals and events that an instance waits for, where they have changed."""
    sides = zip(plans, (before, after), strict=True)
    old, new = (projecting.approvals_of(plan, each) if each.seq else [] for plan, each in sides)
    if old != new:
        if old:
            await transaction.execute(FORGET_APPROVALS, instance_id)
        for row in new:
            await transaction.execute(ADD_APPROVALS, instance_id, *row, now)
    events, awaited = projecting.awaited_events(before), projecting.awaited_events(after)
    if events != awaited:
        if events:
            await transaction.execute(FORGET_EVENTS, instance_id)
        if awaited:
            await transaction.execute(ADD_EVENTS, instance_id, list(awaited), list(awaited.values()))


def _row(state: InstanceState, now: datetime) -> tuple[Any, ...]:
    """The columns that follow from a state, in the order of SAVE and INSERT."""
    steps = state.current_steps
    waiting = state.waiting
    deadline = next((frame.data["deadline"] for frame in waiting if frame.data["deadline"]), None)
    encoded = _json(state_to_dict(state))
    if len(encoded) > MAX_STATE_BYTES + (0 if state.status == "running" else ENDING_BYTES):
        raise StateTooLarge
    return (
        state.status, steps[0] if steps else None, clock.parse(deadline) if deadline else None, steps,
        _json(state.context), encoded, state.seq, None if state.status == "running" else now,
    )  # fmt: skip


def read(row: Record) -> StoredInstance:
    """The instance of a row that has COLUMNS."""
    origin = InstanceOrigin(
        actor=exact.loads(row["actor"]),
        trace_id=row["trace_id"],
        cause_depth=row["cause_depth"],
        entity=row["entity"],
        record_id=row["record_id"],
        commit_key=row["commit_key"],
        schema_version=row["schema_version"],
        parent_id=row["parent_id"],
        parent_key=row["parent_key"],
    )
    return StoredInstance(
        id=row["id"],
        workflow_id=row["workflow_id"],
        workflow_name=row["workflow_name"],
        plan=plan_from(row["document"]),
        document=row["document"],
        origin=origin,
        state=state_from_dict(exact.loads(row["state"])),
        created_at=row["created_at"],
        is_renamed=row["is_renamed"],
    )


@lru_cache(maxsize=512)
def plan_from(document: str) -> StepPlan:
    """The plan of a definition as text."""
    return plan_of(WorkflowDefinition.stored(exact.loads(document)))


def _json(value: Any) -> str:
    """JSON without the character NUL, which the database can't hold and a foreign server may send."""
    text = exact.dumps(value).decode()
    return NUL.sub(lambda found: found[0][:-6] + "\\ufffd", text) if "\\u0000" in text else text
