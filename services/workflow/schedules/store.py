"""The statements about schedules. A schedule is ready when its time has come and no replica has claimed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.shared.postgres.databases import Connection, Database, Record

KNOWN = "SELECT workflow_id::text, cron, timezone FROM workflow.schedules FOR UPDATE"
# A new time table begins when it was defined; one that has changed begins anew, and what it was at is dropped.
PUT = """
INSERT INTO workflow.schedules (workflow_id, cron, timezone, next_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
ON CONFLICT (workflow_id) DO UPDATE SET cron = excluded.cron, timezone = excluded.timezone, next_at = excluded.next_at,
    firing_at = NULL, after = '', claimed_until = NULL
"""
REMOVE = "DELETE FROM workflow.schedules WHERE workflow_id = ANY($1::uuid[])"
CLAIM = """
UPDATE workflow.schedules SET claimed_until = $2 WHERE workflow_id IN (
    SELECT workflow_id FROM workflow.schedules WHERE greatest(next_at, claimed_until) <= $1
    ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED
) RETURNING workflow_id::text, cron, timezone, next_at, firing_at, after, claimed_until
"""
NEXT_DUE = "SELECT min(greatest(next_at, claimed_until)) FROM workflow.schedules"
# Only the holder of the claim goes on. `after` is the cursor of the next page of records; the claim is renewed.
TURN_PAGE = """
UPDATE workflow.schedules SET firing_at = $3, after = $4, claimed_until = $5
WHERE workflow_id = $1::text::uuid AND claimed_until = $2 RETURNING true
"""
FINISH = """
UPDATE workflow.schedules SET next_at = $3, firing_at = NULL, after = '', claimed_until = NULL
WHERE workflow_id = $1::text::uuid AND claimed_until = $2 RETURNING true
"""


@dataclass(frozen=True, slots=True)
class ClaimedSchedule:
    """A schedule that this replica may work on until `claimed_until`.

    `firing_at` is the time whose records are being paged through, from the cursor `after`; None: it is still to begin.
    """

    workflow_id: str
    cron: str
    timezone: str
    next_at: datetime
    firing_at: datetime | None
    after: str
    claimed_until: datetime


TimeTable = tuple[str, str]
"""Cron and time zone."""


async def known(transaction: Connection) -> dict[str, TimeTable]:
    """The time tables of an app, by workflow, locked."""
    return {row["workflow_id"]: (row["cron"], row["timezone"]) for row in await transaction.fetch(KNOWN)}


async def put(transaction: Connection, tables: Mapping[str, TimeTable], first: Mapping[str, datetime | None]) -> None:
    """Store new and changed time tables, with the first time of each."""
    if tables:
        crons, zones = zip(*tables.values(), strict=True)
        await transaction.execute(PUT, list(tables), list(crons), list(zones), [first[each] for each in tables])


async def remove(source: Connection | Database, workflow_ids: Sequence[str]) -> None:
    """Forget the time tables of these workflows."""
    if workflow_ids:
        await source.execute(REMOVE, list(workflow_ids))


async def claim(database: Database, now: datetime, until: datetime, most: int) -> Sequence[ClaimedSchedule]:
    """Claim up to `most` schedules whose time has come."""
    return [_claimed(row) for row in await database.fetch(CLAIM, now, until, most)]


async def next_due(database: Database) -> datetime | None:
    """When a schedule of the app is due next."""
    moment: datetime | None = await database.fetchval(NEXT_DUE)
    return moment


async def turn_page(transaction: Connection, held: ClaimedSchedule, due: datetime, after: str, until: datetime) -> bool:
    """Note the next page of records, and renew the claim; False when another replica has claimed the schedule."""
    values = (held.workflow_id, held.claimed_until, due, after, until)
    return await transaction.fetchval(TURN_PAGE, *values) is not None


async def finish(transaction: Connection | Database, held: ClaimedSchedule, following: datetime | None) -> bool:
    """Note the next time; False when another replica has claimed the schedule."""
    return await transaction.fetchval(FINISH, held.workflow_id, held.claimed_until, following) is not None


def _claimed(row: Record) -> ClaimedSchedule:
    return ClaimedSchedule(**dict(row))
