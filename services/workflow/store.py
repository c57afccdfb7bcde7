"""Every statement of the workflow service, named and explained."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from libs.shared import exact
from libs.shared.postgres.counting import bounded_counts
from libs.shared.postgres.databases import Connection, Database, Record
from libs.shared.postgres.listings import json_page
from libs.shared.schema.renaming import rename_in
from libs.shared.schema.workflows import WorkflowDefinition
from services.workflow.engine import awaited
from services.workflow.instance import Instance, InstanceOrigin, StoredInstance
from services.workflow.triggers import Workflow

# A new instance, unless this commit has started this workflow before.
INSERT = """
INSERT INTO workflow.instances (
    id, workflow_id, workflow_name, definition, entity, record_id, commit_key, actor, trace_id, cause_depth,
    context, created_at, updated_at, status, current_step, current_step_deadline, history, step_number,
    action_index, attempts, due_at, waiting, assignee_role, decider
) VALUES (
    $1, $2, $3, $4::jsonb, $5, $6, $7, $8::jsonb, $9, $10, $11::jsonb,
    $12, $12, $13, $14, $15, $16::jsonb, $17, $18, $19, $20, $21, $22, $23::jsonb
) ON CONFLICT (workflow_id, commit_key) DO NOTHING RETURNING id
"""
# The renames since a commit, made before its instance was stored.
RENAMES = """
SELECT entity, new_name, fields::text AS fields FROM workflow.renames WHERE version >= $1 ORDER BY id
"""
FOLLOW = "UPDATE workflow.instances SET followed = $2::jsonb WHERE id = $1"
# The new state, if the instance is unchanged since it was read.
SAVE = """
UPDATE workflow.instances SET
    updated_at = $3, status = $4, current_step = $5, current_step_deadline = $6, history = $7::jsonb,
    step_number = $8, action_index = $9, attempts = $10, due_at = $11, waiting = $12, assignee_role = $13,
    decider = $14::jsonb,
    version = version + 1
WHERE id = $1 AND version = $2 RETURNING version
"""
# Claims due rows until $2; if their replica dies, they are due again then. A claimed row has a new version.
CLAIM = """
UPDATE workflow.instances SET due_at = $2, version = version + 1 WHERE id IN (
    SELECT id FROM workflow.instances WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
) RETURNING *
"""
# Locks an instance for a decision: the second of two concurrent decisions reads the result of the first,
LOCK = "SELECT * FROM workflow.instances WHERE id = $1 FOR UPDATE"
# and finds that the step has changed since its request.
STEP_NUMBER = "SELECT step_number FROM workflow.instances WHERE id = $1"
NEXT_DUE = "SELECT min(due_at) FROM workflow.instances WHERE due_at IS NOT NULL"
# Deletions are noted, so that verification does not report a missing instance.
DELETE = """
WITH gone AS (DELETE FROM workflow.instances WHERE id = $1 RETURNING id, workflow_id, commit_key),
noted AS (INSERT INTO workflow.deleted (workflow_id, commit_key) SELECT workflow_id, commit_key FROM gone)
SELECT id FROM gone
"""

# An instance as the REST API shows it.
SHOWN = """id, workflow_id, workflow_name, status, current_step, current_step_deadline, context, history,
    created_at, updated_at"""
# With the columns that views.py needs to decide what may be shown.
JUDGED = f"{SHOWN}, entity, record_id, definition -> 'context' AS paths, definition -> 'inputs' AS inputs"
SHOW = f"SELECT row_to_json(x)::text FROM (SELECT {JUDGED} FROM workflow.instances WHERE id = $1) x"
# A page of instances, newest first, and how many there are in all; null filters select everything.
LIST = json_page(
    JUDGED,
    """workflow.instances
    WHERE ($1::text IS NULL OR status = $1)
      AND ($2::text IS NULL OR workflow_name = $2 OR workflow_id::text = $2)
      AND ($3::text IS NULL OR record_id = $3)""",
    "created_at DESC, id DESC",
    "LIMIT $4 OFFSET $5",
)
# A page of what waits for a decision, oldest first; $1: only what one of these roles may decide, null: all.
PENDING = json_page(
    JUDGED,
    """workflow.instances
    WHERE waiting AND ($1::text[] IS NULL OR assignee_role IS NULL OR assignee_role = ANY($1))""",
    "created_at, id",
    "LIMIT $2 OFFSET $3",
)


FIGURES = bounded_counts(
    {
        "pending_approvals": "workflow.instances WHERE waiting",
        "failed_instances": "workflow.instances WHERE status = 'failed'",
    }
)


async def insert(
    transaction: Connection,
    workflow: Workflow,
    instance: Instance,
    origin: InstanceOrigin,
    now: datetime,
) -> bool:
    """Store a new instance; False when this commit has started this workflow before."""
    inserted = await transaction.fetchval(
        INSERT,
        instance.id,
        workflow.id,
        workflow.definition.name,
        _json(workflow.document),
        origin.entity,
        origin.record_id,
        origin.commit_key,
        _json(origin.actor),
        origin.trace_id,
        origin.cause_depth,
        _json(instance.context),
        now,
        *_state(workflow.definition, instance),
    )
    return inserted is not None


async def follow_renames(transaction: Connection, instance: Instance, workflow: Workflow, schema_version: int) -> None:
    """Apply renames since the commit to an instance that was just stored."""
    document: Any = workflow.document
    for row in await transaction.fetch(RENAMES, schema_version):
        document = rename_in(document, row["entity"], row["new_name"], exact.loads(row["fields"]))
    if document != workflow.document:
        await transaction.execute(FOLLOW, instance.id, _json(document))


async def save(transaction: Connection, stored: StoredInstance, instance: Instance, now: datetime) -> int | None:
    """Store the new state; returns its version, or None when it has been changed meanwhile."""
    version: int | None = await transaction.fetchval(
        SAVE, instance.id, stored.version, now, *_state(stored.definition, instance)
    )
    return version


async def claim(database: Database, now: datetime, until: datetime, most: int) -> Sequence[Record]:
    """Claim up to `most` due rows until `until`."""
    return await database.fetch(CLAIM, now, until, most)


async def next_due(database: Database) -> datetime | None:
    """When the next instance of the app is due."""
    moment: datetime | None = await database.fetchval(NEXT_DUE)
    return moment


async def lock(transaction: Connection, instance_id: uuid.UUID) -> StoredInstance | None:
    """An instance, locked until the transaction ends."""
    row = await transaction.fetchrow(LOCK, instance_id)
    return read(row) if row else None


async def step_number(database: Database, instance_id: uuid.UUID) -> int | None:
    """The number of the step that an instance is at, without waiting for locks."""
    number: int | None = await database.fetchval(STEP_NUMBER, instance_id)
    return number


async def delete(database: Database, instance_id: uuid.UUID) -> bool:
    """Delete an instance; returns whether it existed."""
    return await database.fetchval(DELETE, instance_id) is not None


async def show(source: Connection | Database, instance_id: uuid.UUID) -> bytes | None:
    """An instance as JSON, with the columns that decide what may be shown."""
    text: str | None = await source.fetchval(SHOW, instance_id)
    return text.encode() if text is not None else None


def read(row: Record) -> StoredInstance:
    """The instance of a row. Raises ValidationError when its definition is no longer valid."""
    instance = Instance(
        id=str(row["id"]),
        workflow_id=str(row["workflow_id"]),
        workflow_name=row["workflow_name"],
        context=exact.loads(row["context"]),
        status=row["status"],
        step=row["current_step"],
        step_number=row["step_number"],
        action_index=row["action_index"],
        attempts=row["attempts"],
        deadline=row["current_step_deadline"],
        due_at=row["due_at"],
        history=tuple(exact.loads(row["history"])),
        decider=exact.loads(row["decider"]) if row["decider"] else None,
    )
    origin = InstanceOrigin(
        entity=row["entity"],
        record_id=row["record_id"],
        commit_key=row["commit_key"],
        actor=exact.loads(row["actor"]),
        trace_id=row["trace_id"],
        cause_depth=row["cause_depth"],
    )
    # Renamed parts of the pinned definition have their new names.
    return StoredInstance(instance, _definition(row["followed"] or row["definition"]), origin, row["version"])


@lru_cache(maxsize=512)
def _definition(text: str) -> WorkflowDefinition:
    return WorkflowDefinition.stored(exact.loads(text))


def _state(definition: WorkflowDefinition, instance: Instance) -> tuple[Any, ...]:
    """The values that change as an instance goes on, in the order of INSERT and SAVE."""
    waits = awaited(definition, instance)
    return (
        instance.status,
        instance.step,
        instance.deadline,
        _json(instance.history),
        instance.step_number,
        instance.action_index,
        instance.attempts,
        instance.due_at,
        waits is not None,
        waits.assignee.role if waits and waits.assignee else None,
        _json(instance.decider) if instance.decider else None,
    )


def _json(value: Any) -> str:
    return exact.dumps(value).decode()
