"""The statements about delegations."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.shared import exact
from libs.shared.postgres.databases import Connection, Database
from libs.shared.postgres.listings import json_page, load_json_page

SHOWN = """id, json_build_object('id', from_id, 'email', from_email) AS "from",
    json_build_object('id', to_id, 'email', to_email) AS "to", from_time, until, workflow_ids AS workflows, reason,
    from_time <= now() AND until > now() AS active, created_at"""
INSERT = """
INSERT INTO workflow.delegations (id, from_id, from_email, to_id, to_email, from_time, until, workflow_ids, reason,
    created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
GET = f"SELECT row_to_json(x)::text FROM (SELECT {SHOWN} FROM workflow.delegations WHERE id = $1) x"
# $1: of this user, given or received; null: of everybody. $2: only those that hold now.
LIST = json_page(
    SHOWN,
    """workflow.delegations WHERE ($1::text IS NULL OR from_id = $1 OR to_id = $1)
      AND (NOT $2 OR (from_time <= now() AND until > now()))""",
    "until DESC, id DESC",
    "LIMIT $3 OFFSET $4",
)
DELETE = "DELETE FROM workflow.delegations WHERE id = $1 AND ($2::text IS NULL OR from_id = $2) RETURNING id"
# Delegations that have not ended, counted under a lock, so that two requests do not exceed the limit together.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('delegations/' || $1, 0))"
COUNT = "SELECT count(*) FROM workflow.delegations WHERE from_id = $1 AND until > $2"
# Who decides in the place of users ($1) in a workflow ($3), at $2.
DELEGATES = """
SELECT DISTINCT from_id, to_id FROM workflow.delegations
WHERE from_id = ANY($1::text[]) AND from_time <= $2 AND until > $2 AND (workflow_ids IS NULL OR $3 = ANY(workflow_ids))
ORDER BY from_id, to_id
"""
# In whose place a user decides ($1, at $2).
DELEGATIONS = """
SELECT from_id, workflow_ids FROM workflow.delegations
WHERE to_id = $1 AND from_time <= $2 AND until > $2 ORDER BY from_id
"""


@dataclass(frozen=True, slots=True)
class NewDelegation:
    """A delegation to be stored. `workflow_ids` None: all workflows."""

    from_id: str
    from_email: str
    to_id: str
    to_email: str
    from_time: datetime
    until: datetime
    workflow_ids: Sequence[str] | None
    reason: str | None


async def count(transaction: Connection, user_id: str, now: datetime) -> int:
    """How many delegations of a user have not ended; nobody adds one until the transaction ends."""
    await transaction.execute(LOCK, user_id)
    found: int = await transaction.fetchval(COUNT, user_id, now)
    return found


async def insert(
    transaction: Connection, delegation_id: uuid.UUID, new: NewDelegation, by: str, now: datetime
) -> dict[str, Any]:
    """Store a delegation; returns it as it is shown."""
    await transaction.execute(
        INSERT, delegation_id, new.from_id, new.from_email, new.to_id, new.to_email, new.from_time, new.until,
        list(new.workflow_ids) if new.workflow_ids is not None else None, new.reason, by, now,
    )  # fmt: skip
    shown = await get(transaction, delegation_id)
    assert shown is not None, "just stored"
    return shown


async def get(source: Connection | Database, delegation_id: uuid.UUID) -> dict[str, Any] | None:
    """A delegation as it is shown."""
    text: str | None = await source.fetchval(GET, delegation_id)
    return None if text is None else dict(exact.loads(text))


async def listing(database: Database, user_id: str | None, active: bool, limit: int, offset: int) -> tuple[Any, int]:
    """A page of delegations."""
    rows, total = await load_json_page(database, LIST, user_id, active, limit, offset)
    return exact.loads(rows), total


async def delete(transaction: Connection, delegation_id: uuid.UUID, of: str | None) -> bool:
    """Delete a delegation, given by `of` (None: by anybody); returns whether there was one."""
    return await transaction.fetchval(DELETE, delegation_id, of) is not None
