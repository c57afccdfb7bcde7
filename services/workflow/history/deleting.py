"""Instances that are removed; their history stays."""

from __future__ import annotations

from datetime import datetime

from libs.shared import exact
from libs.shared.postgres.databases import Connection
from services.workflow.history.instances import StoredInstance
from services.workflow.machine.entries import DELETED

# Deletions are noted, so that verification does not report a missing instance.
DELETE = """
WITH gone AS (DELETE FROM workflow.instances WHERE id = $1 RETURNING id, workflow_id, commit_key),
noted AS (INSERT INTO workflow.deleted (workflow_id, commit_key) SELECT workflow_id, commit_key FROM gone),
done AS (DELETE FROM workflow.tasks WHERE instance_id = $1)
INSERT INTO workflow.history (instance_id, seq, kind, scope, data, at) SELECT id, $2, $3, '', $4::jsonb, $5 FROM gone
"""


async def delete(transaction: Connection, instance: StoredInstance, by: str, now: datetime) -> None:
    """Delete an ended instance that is locked."""
    document = exact.dumps({"by": by, "workflow_id": instance.workflow_id}).decode()
    await transaction.execute(DELETE, instance.id, instance.state.seq + 1, DELETED, document, now)
