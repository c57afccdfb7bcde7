"""The statement that reads deliveries for their verification."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.bus.consumers.checkpoints import Position
from libs.shared.postgres.databases import Database
from libs.shared.replays.derived import StoredRow, found_in

POSITION = "split_part(commit_key, '.', 1)::bigint"
N = "split_part(split_part(commit_key, '.', 2), '/', 1)::int"
# The constant columns of deliveries after ($1, $2), up to ($3, $4). The URL and headers are recorded
# by each attempt, with its outcome and times. The conditions are those of the index `deliveries_commit`.
OF_COMMITS = f"""
SELECT position, n, columns::text AS columns, sha256(convert_to(columns::text, 'UTF8')) AS digest FROM (
    SELECT {POSITION} AS position, {N} AS n, json_build_object(
        'webhook_id', webhook_id, 'commit_key', commit_key, 'entity', entity, 'record_id', record_id, 'hook', hook,
        'request_body', request_body, 'max_attempts', max_attempts, 'backoff', backoff,
        'idempotency_key', idempotency_key, 'trace_id', trace_id, 'endpoint', endpoint, 'origin', origin,
        'ordered', ordered) AS columns
    FROM webhook.deliveries
    WHERE commit_key ~ '^[0-9]{{1,18}}[.][0-9]{{1,9}}(/[0-9]+)?$'
        AND ({POSITION}, {N}) > ($1, $2) AND ({POSITION}, {N}) <= ($3, $4)
) d ORDER BY position, n
"""


async def of_commits(database: Database, after: Position, last: Position) -> Sequence[StoredRow]:
    """The deliveries of the commits after one position, up to another."""
    rows = await database.fetch(OF_COMMITS, *after, *last)
    return [found_in(row, "webhook_id") for row in rows]
