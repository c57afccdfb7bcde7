"""Every statement of the notify service. A mail is ready when it is due and no replica has claimed it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.shared import exact
from libs.shared.contracts.streams import CommitEvent
from libs.shared.ids import uuid7
from libs.shared.postgres.counting import MAX_COUNTED, bounded_counts
from libs.shared.postgres.databases import Connection, Database, Record
from libs.shared.postgres.listings import json_page, load_json_page
from services.notify.fan_out import FanOut
from services.notify.matching import NewNotification
from services.notify.retry_policy import MailVerdict

INSERT = """
INSERT INTO notify.notifications (id, channel, recipient, user_id, subject, body, metadata, entity, record_id,
    trace_id, error, effect_key, status, sent_at, due_at, confidential, position, n, quoted)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19::jsonb)
ON CONFLICT (effect_key) DO NOTHING RETURNING id::text
"""
NOTE = """
INSERT INTO notify.notes (position, n, asked_by, addresses, user_ids) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING true
"""
CAUSED = """
SELECT id::text, channel, coalesce(metadata ->> 'rule', metadata #>> '{workflow,name}') AS rule, trace_id, status,
    position, n, metadata #>> '{workflow,instance_id}' AS instance_id, metadata #>> '{workflow,step}' AS step, entity,
    record_id, to_json(created_at) #>> '{}' AS at
FROM notify.notifications WHERE trace_id = ANY($1::text[]) AND NOT confidential ORDER BY id LIMIT $2
"""
FIND_BY_EFFECT = "SELECT id::text FROM notify.notifications WHERE effect_key = $1"
NEXT_READY = "SELECT min(greatest(due_at, claimed_until)) FROM notify.notifications WHERE due_at IS NOT NULL"
# Claims the oldest ready mails until $2.
CLAIM = """
UPDATE notify.notifications SET claimed_until = $2 WHERE id IN (
    SELECT id FROM notify.notifications WHERE due_at IS NOT NULL AND greatest(due_at, claimed_until) <= $1
    ORDER BY greatest(due_at, claimed_until), id LIMIT $3 FOR UPDATE SKIP LOCKED
) RETURNING id::text, recipient, subject, body, entity, record_id, attempt, trace_id, created_at,
    claimed_until, position, n
"""
# Only the holder of the claim may record an outcome. A secret is deleted once it is sent.
FINISH = """
UPDATE notify.notifications SET status = $3, attempt = $4, error = $5, next_retry_at = $6, due_at = $6,
    claimed_until = NULL, sent_at = CASE WHEN $3 = 'sent' THEN $7::timestamptz END,
    body = CASE WHEN confidential AND $6::timestamptz IS NULL THEN '' ELSE body END
WHERE id = $1::text::uuid AND claimed_until = $2
"""
COLUMNS = """
    id, channel_id, channel, recipient, user_id, subject,
    CASE WHEN confidential THEN '' ELSE body END AS body, confidential, status, metadata, entity, record_id, attempt,
    next_retry_at, error, trace_id, created_at, sent_at, read_at, quoted
"""
FIGURES = bounded_counts({"failed_notifications": "notify.notifications WHERE status = 'failed'"})
MATCHES = "($1 = '' OR status = $1) AND ($2 = '' OR channel = $2)"
# Ids are ordered by time, so the newest come first.
LOG = json_page(COLUMNS, f"notify.notifications WHERE {MATCHES}", "id DESC", "LIMIT $3 OFFSET $4")
GET = f"""
SELECT row_to_json(n)::text FROM (SELECT {COLUMNS} FROM notify.notifications WHERE id = $1) n
"""
MAKE_DUE = """
UPDATE notify.notifications SET status = 'pending', due_at = $2, next_retry_at = NULL
WHERE id = $1 AND status = 'failed' AND recipient <> '' AND NOT confidential RETURNING true
"""
INBOX_COLUMNS = "id, subject, body, entity, record_id, metadata, created_at, read_at"
MINE = "user_id = $1 AND channel = 'in_app' AND status = 'sent'"
INBOX = json_page(
    INBOX_COLUMNS,
    f"notify.notifications WHERE {MINE} AND ($2 IS FALSE OR read_at IS NULL)",
    "id DESC",
    "LIMIT $3 OFFSET $4",
)
READ = f"""
WITH n AS (
    UPDATE notify.notifications SET read_at = coalesce(read_at, $3) WHERE {MINE} AND id = $2
    RETURNING {INBOX_COLUMNS}
) SELECT row_to_json(n)::text FROM n
"""
UNREAD = f"""
WITH n AS (
    UPDATE notify.notifications SET read_at = NULL WHERE {MINE} AND id = $2 RETURNING {INBOX_COLUMNS}
) SELECT row_to_json(n)::text FROM n
"""
COUNT_UNREAD = bounded_counts({"unread": f"notify.notifications WHERE {MINE} AND read_at IS NULL"})
READ_ALL = f"""
WITH n AS (UPDATE notify.notifications SET read_at = $2 WHERE {MINE} AND read_at IS NULL RETURNING 1)
SELECT count(*) FROM n
"""


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that this replica may send until `claimed_until`. `attempt` counts the attempts made so far."""

    id: str
    recipient: str
    subject: str
    body: str
    entity: str | None
    record_id: str | None
    attempt: int
    trace_id: str
    created_at: datetime
    claimed_until: datetime
    position: int | None = None
    n: int | None = None
    """Of the commit that it is about."""


async def insert(transaction: Connection, new: NewNotification, now: datetime) -> str | None:
    """The id of the new notification; None if its effect key was used before.

    A notification in an inbox is sent with that; mails become due.
    """
    status = "failed" if new.error else "sent" if new.channel == "in_app" else "pending"
    inserted: str | None = await transaction.fetchval(
        INSERT,
        uuid7(),
        new.channel,
        new.recipient,
        new.user_id,
        new.subject,
        new.body,
        exact.dumps(new.metadata).decode(),
        new.entity,
        new.record_id,
        new.trace_id,
        new.error,
        hashed(new.effect_key),
        status,
        now if status == "sent" else None,
        now if status == "pending" else None,
        new.confidential,
        *(new.place or (None, None)),
        exact.dumps(new.quoted).decode(),
    )
    return inserted


async def note(transaction: Connection, event: CommitEvent, fan_out: FanOut) -> bool:
    """Note the receivers of a rule or action for a commit; False if they were noted before."""
    addresses = [address for address, _ in fan_out.receivers]
    user_ids = [user_id for _, user_id in fan_out.receivers]
    fresh = await transaction.fetchval(NOTE, event.position, event.n, fan_out.asked_by, addresses, user_ids)
    return fresh is not None


async def find_by_effect(transaction: Connection, effect_key: str) -> str:
    """The id of the notification with this effect key."""
    found: str = await transaction.fetchval(FIND_BY_EFFECT, hashed(effect_key))
    return found


async def next_ready(database: Database) -> datetime | None:
    """When the next mail is ready; a past time if one is ready now."""
    moment: datetime | None = await database.fetchval(NEXT_READY)
    return moment


async def claim(database: Database, now: datetime, until: datetime, most: int) -> list[ClaimedMail]:
    """Up to `most` mails that are ready."""
    return [ClaimedMail(**dict(row)) for row in await database.fetch(CLAIM, now, until, most)]


async def finish(database: Database, mail: ClaimedMail, verdict: MailVerdict, error: str | None, now: datetime) -> None:
    """Record an attempt, unless the claim was lost to another replica meanwhile."""
    await database.execute(
        FINISH,
        mail.id,
        mail.claimed_until,
        verdict.status,
        mail.attempt + 1,
        error,
        verdict.next_retry_at,
        now,
    )


async def log(database: Database, status: str, channel: str, limit: int, offset: int) -> tuple[bytes, int]:
    """A page of the log as JSON, and how many notifications match in all; "" is no limit."""
    return await load_json_page(database, LOG, status, channel, limit, offset)


async def get(database: Database, notification_id: UUID) -> bytes | None:
    """One notification as the log has it."""
    text: str | None = await database.fetchval(GET, notification_id)
    return text.encode() if text else None


async def make_due(database: Connection | Database, notification_id: UUID, now: datetime) -> bool:
    """Make a failed mail due now; False if there is none, or it has no recipient."""
    return bool(await database.fetchval(MAKE_DUE, notification_id, now))


async def inbox(database: Database, user_id: str, unread: bool, limit: int, offset: int) -> tuple[bytes, int]:
    """A page of a user's inbox as JSON, and how many there are in all."""
    return await load_json_page(database, INBOX, user_id, unread, limit, offset)


async def read(database: Database, user_id: str, notification_id: UUID, now: datetime) -> bytes | None:
    """Mark one of a user's notifications as read; None if they have none with this id."""
    text: str | None = await database.fetchval(READ, user_id, notification_id, now)
    return text.encode() if text else None


async def unread(database: Database, user_id: str, notification_id: UUID) -> bytes | None:
    """Mark one of a user's notifications as unread; None if they have none with this id."""
    text: str | None = await database.fetchval(UNREAD, user_id, notification_id)
    return text.encode() if text else None


async def count_unread(database: Database, user_id: str) -> int:
    """How many of a user's notifications are unread, as far as is counted."""
    number: int = await database.fetchval(COUNT_UNREAD, user_id)
    return min(number, MAX_COUNTED)


async def read_all(database: Database, user_id: str, now: datetime) -> int:
    """Mark all of a user's notifications as read; returns how many were unread."""
    count: int = await database.fetchval(READ_ALL, user_id, now)
    return count


def hashed(effect_key: str) -> str:
    """Effect keys may be longer than an index can hold."""
    return hashlib.sha256(effect_key.encode()).hexdigest()


async def load_caused(database: Database, traces: Sequence[str], limit: int) -> Sequence[Record]:
    """The notifications of traces, in the order of their creation."""
    return await database.fetch(CAUSED, traces, limit)
