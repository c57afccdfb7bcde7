"""Comments go with the records that they are about, in the same commit.

Only a record that is removed for good takes them along: in the trash nobody can read it, and so none of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from libs.shared.postgres.databases import Connection, Database
from libs.shared.schema.comments import COMMENTS
from services.data.model import EntityModel
from services.data.writes.statements.changes import Action, RowChange
from services.data.writes.statements.locking import lock_records
from services.data.writes.statements.unit_of_work import UnitOfWork

OF_RECORDS = """
SELECT id::text FROM records._comments
WHERE entity = $1 AND record_id = ANY($2::text[]) AND deleted_at IS NULL ORDER BY id
"""
HAS_ANY = """
SELECT EXISTS (SELECT FROM records._comments WHERE entity = $1 AND record_id = $2 AND deleted_at IS NULL)
"""


async def has_comments(connection: Connection | Database, entity: EntityModel, record_id: str) -> bool:
    """Whether a record has comments."""
    found: bool = await connection.fetchval(HAS_ANY, entity.number, record_id)
    return found


async def remove_comments(
    unit: UnitOfWork, entity: EntityModel, record_ids: Sequence[str], but: Collection[str] = ()
) -> int:
    """Delete the comments on records that are removed for good, except these ids. Returns their number."""
    rows = await unit.transaction.fetch(OF_RECORDS, entity.number, record_ids)
    comments = unit.model.entity(COMMENTS)
    keys = [comments.key.parse(row["id"]) for row in rows if row["id"] not in but]
    if not keys:
        return 0
    locked = await lock_records(unit.transaction, comments, keys, strength="UPDATE")
    changes = [RowChange(unit.command, stored.key, {}) for stored in locked.values()]
    await unit.apply(comments, Action.DELETE, changes)
    return len(changes)
