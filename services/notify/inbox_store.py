"""The statements about the inboxes of users."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from libs.shared.postgres.counting import MAX_COUNTED, bounded_counts
from libs.shared.postgres.databases import Database
from libs.shared.postgres.listings import json_page, load_json_page

COLUMNS = """id, origin AS type, subject, body, entity, record_id, metadata, metadata ->> 'link' AS link, created_at,
    read_at, archived_at"""
MINE = "user_id = $1 AND type = 'in_app' AND status = 'sent'"
INBOX = json_page(
    COLUMNS,
    f"""notify.notifications WHERE {MINE} AND ($2 IS FALSE OR read_at IS NULL) AND (archived_at IS NOT NULL) = $3
        AND ($4 = '' OR origin = $4)""",
    "id DESC",
    "LIMIT $5 OFFSET $6",
)
CHANGE = """
WITH n AS (
    UPDATE notify.notifications SET {change} WHERE {mine} AND id = $2 RETURNING {columns}
) SELECT row_to_json(n)::text FROM n
"""
READ = CHANGE.format(change="read_at = coalesce(read_at, $3)", mine=MINE, columns=COLUMNS)
UNREAD = CHANGE.format(change="read_at = NULL", mine=MINE, columns=COLUMNS)
ARCHIVE = CHANGE.format(
    change="archived_at = coalesce(archived_at, $3), read_at = coalesce(read_at, $3)", mine=MINE, columns=COLUMNS
)
COUNT_UNREAD = bounded_counts({"unread": f"notify.notifications WHERE {MINE} AND read_at IS NULL"})
READ_ALL = f"""
WITH n AS (UPDATE notify.notifications SET read_at = $2 WHERE {MINE} AND read_at IS NULL RETURNING 1)
SELECT count(*) FROM n
"""
MAX_NEW = 200
"""New notifications of one look."""
MICROSECONDS = "(extract(epoch FROM {}) * 1000000)::bigint"
NEW = f"""
SELECT {MICROSECONDS.format("now()")} AS now, id, place, row FROM (SELECT 1) _one LEFT JOIN (
    SELECT id::text, {MICROSECONDS.format("created_at")} AS place,
        (SELECT row_to_json(_n)::text FROM (SELECT {COLUMNS}) _n) AS row
    FROM notify.notifications WHERE {MINE} AND created_at > $2 ORDER BY created_at, id LIMIT {MAX_NEW}
) _found ON true ORDER BY place
"""


async def inbox(
    database: Database, user_id: str, unread: bool, archived: bool, kind: str, limit: int, offset: int
) -> tuple[bytes, int]:
    """A page of a user's inbox as JSON, and how many there are in all; "" is any type."""
    return await load_json_page(database, INBOX, user_id, unread, archived, kind, limit, offset)


async def read(database: Database, user_id: str, notification_id: UUID, now: datetime) -> bytes | None:
    """Mark one of a user's notifications as read; None if they have none with this id."""
    return _bytes(await database.fetchval(READ, user_id, notification_id, now))


async def unread(database: Database, user_id: str, notification_id: UUID) -> bytes | None:
    """Mark one of a user's notifications as unread; None if they have none with this id."""
    return _bytes(await database.fetchval(UNREAD, user_id, notification_id))


async def archive(database: Database, user_id: str, notification_id: UUID, now: datetime) -> bytes | None:
    """Put one of a user's notifications into the archive; None if they have none with this id."""
    return _bytes(await database.fetchval(ARCHIVE, user_id, notification_id, now))


async def count_unread(database: Database, user_id: str) -> int:
    """How many of a user's notifications are unread, as far as is counted."""
    number: int = await database.fetchval(COUNT_UNREAD, user_id)
    return min(number, MAX_COUNTED)


async def read_all(database: Database, user_id: str, now: datetime) -> int:
    """Mark all of a user's notifications as read; returns how many were unread."""
    count: int = await database.fetchval(READ_ALL, user_id, now)
    return count


async def arrived(database: Database, user_id: str, since: datetime) -> tuple[int, list[Any], bool]:
    """The database's time, the notifications that came after a moment as (id, position, JSON), whether there are more.

    Positions are microseconds since 1970.
    """
    rows = await database.fetch(NEW, user_id, since)
    found = [(row["id"], row["place"], row["row"]) for row in rows if row["id"]]
    return rows[0]["now"], found, len(found) == MAX_NEW


def _bytes(text: str | None) -> bytes | None:
    return text.encode() if text else None
