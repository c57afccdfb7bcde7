"""The statements that read instances for their verification."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from libs.shared.bus.consumers.checkpoints import Position
from libs.shared.postgres.databases import Database
from libs.shared.replays.derived import StoredRow, found_in, key_of

# Of instances that a commit started; null of others.
POSITION = "CASE WHEN commit_key ~ '^[0-9]' THEN split_part(commit_key, '.', 1)::bigint END"
N = "CASE WHEN commit_key ~ '^[0-9]' THEN split_part(commit_key, '.', 2)::int END"
# The constant columns of instances that commits after ($1, $2), up to ($3, $4), started, by `instances_commit`.
OF_COMMITS = f"""
SELECT position, n, columns::text AS columns, sha256(convert_to(columns::text, 'UTF8')) AS digest FROM (
    SELECT {POSITION} AS position, {N} AS n, json_build_object(
        'workflow_id', workflow_id, 'workflow_name', workflow_name, 'definition', definition - 'version',
        'entity', entity, 'record_id', record_id, 'commit_key', commit_key, 'actor', actor, 'trace_id', trace_id,
        'cause_depth', cause_depth, 'context', (
            SELECT h.data -> 'context' FROM workflow.history h
            WHERE h.instance_id = i.id AND h.kind IN ('started', 'adopted') ORDER BY h.seq LIMIT 1)) AS columns
    FROM workflow.instances i WHERE ({POSITION}, {N}) > ($1, $2) AND ({POSITION}, {N}) <= ($3, $4)
) i ORDER BY position, n
"""
DELETED = "SELECT workflow_id::text, commit_key FROM workflow.deleted WHERE commit_key = ANY($1)"


async def of_commits(database: Database, after: Position, last: Position) -> Sequence[StoredRow]:
    """The instances of the commits after one position, up to another."""
    return [found_in(row, "workflow_id") for row in await database.fetch(OF_COMMITS, *after, *last)]


async def deleted(database: Database, commit_keys: Iterable[str]) -> set[str]:
    """The keys of deleted instances of these commits."""
    rows = await database.fetch(DELETED, list(commit_keys))
    return {key_of(row["workflow_id"], row["commit_key"]) for row in rows}
