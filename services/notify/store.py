"""The statements that store notifications, send them, and show the log. One is ready when it is due and not claimed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.shared import exact
from libs.shared.contracts.streams import CommitEvent
from libs.shared.ids import uuid7
from libs.shared.postgres.counting import bounded_counts
from libs.shared.postgres.databases import Connection, Database, Record
from libs.shared.schema.notification_channels import IN_APP
from services.notify.fan_out import FanOut
from services.notify.matching import NewNotification
from services.notify.preferences import BURST
from services.notify.retry_policy import Verdict

INSERT = """
INSERT INTO notify.notifications (id, channel, recipient, user_id, subject, body, metadata, entity, record_id,
    trace_id, error, effect_key, status, sent_at, due_at, confidential, position, n, quoted, type, channel_id, html,
    reason, hold, origin)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19::jsonb, $20,
    $21::text::uuid, $22, $23, $24, $25)
ON CONFLICT (effect_key) DO NOTHING RETURNING id::text
"""
NOTE = """
INSERT INTO notify.notes (position, n, asked_by, addresses, user_ids, locales) VALUES ($1, $2, $3, $4, $5, $6)
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
    claimed_until, type, channel, channel_id::text, user_id, html, hold, origin, metadata::text, position, n
"""
# Only the holder of the claim may record an outcome. A secret is deleted once it is sent.
FINISH = """
WITH _attempt AS (
    INSERT INTO notify.attempts (notification_id, number, at, outcome, error)
    SELECT id, $4, $7, $8, $5 FROM notify.notifications WHERE id = $1::text::uuid AND claimed_until = $2
    ON CONFLICT DO NOTHING
)
UPDATE notify.notifications SET status = $3, attempt = $4, error = $5, next_retry_at = $6, due_at = $6,
    claimed_until = NULL, sent_at = CASE WHEN $3 = 'sent' THEN $7::timestamptz END,
    body = CASE WHEN confidential AND $6::timestamptz IS NULL THEN '' ELSE body END
WHERE id = $1::text::uuid AND claimed_until = $2
"""
FIGURES = bounded_counts({"failed_notifications": "notify.notifications WHERE status = 'failed'"})
MAKE_DUE = """
UPDATE notify.notifications SET status = 'pending', due_at = $2, next_retry_at = NULL
WHERE id = $1 AND status = 'failed' AND recipient <> '' AND NOT confidential RETURNING true
"""
# The first of a burst opens it; `opened_at` of the others tells when that was.
OPEN_BURSTS = """
INSERT INTO notify.bursts (key, opened_at) SELECT key, $2 FROM unnest($1::text[]) _k(key)
ON CONFLICT (key) DO UPDATE SET opened_at = CASE
    WHEN bursts.opened_at <= $2 - $3::interval THEN excluded.opened_at ELSE bursts.opened_at END
RETURNING key, opened_at
"""
HELD = """
SELECT id::text, subject, body, html, metadata::text, entity, record_id, trace_id, created_at
FROM notify.notifications WHERE hold = $1 AND due_at <= $2 AND status = 'pending' ORDER BY id LIMIT $3 FOR UPDATE
"""
RELEASE = "UPDATE notify.notifications SET hold = NULL WHERE id = $1::text::uuid"
DIGESTED = """
UPDATE notify.notifications SET status = 'digested', due_at = NULL, claimed_until = NULL,
    digest_id = $2::text::uuid
WHERE id = ANY ($1::text[]::uuid[])
"""


@dataclass(frozen=True, slots=True)
class ClaimedNotification:
    """One that this replica may send until `claimed_until`. `attempt` counts the attempts made so far."""

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
    type: str = "email"
    channel: str = "email"
    channel_id: str | None = None
    user_id: str | None = None
    html: str = ""
    hold: str | None = None
    origin: str = "mail"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    position: int | None = None
    n: int | None = None
    """Of the commit that it is about."""


@dataclass(frozen=True, slots=True)
class HeldNotification:
    """One of several that go out together."""

    id: str
    subject: str
    body: str
    html: str
    metadata: Mapping[str, Any]
    entity: str | None
    record_id: str | None
    trace_id: str
    created_at: datetime


async def insert(transaction: Connection, new: NewNotification, now: datetime) -> str | None:
    """The id of the new notification; None if its effect key was used before.

    A notification in an inbox is sent with that; others become due.
    """
    status = "skipped" if new.reason else "failed" if new.error else "pending"
    if status == "pending" and new.channel_type == IN_APP:
        status = "sent"
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
        (new.due_at or now) if status == "pending" else None,
        new.confidential,
        *(new.place or (None, None)),
        exact.dumps(new.quoted).decode(),
        new.channel_type,
        new.channel_id or None,
        new.html,
        new.reason,
        new.hold if status == "pending" else None,
        new.origin,
    )
    return inserted


async def note(transaction: Connection, event: CommitEvent, fan_out: FanOut) -> bool:
    """Note the receivers of a rule or action for a commit; False if they were noted before."""
    addresses = [address for address, _ in fan_out.receivers]
    user_ids = [user_id for _, user_id in fan_out.receivers]
    locales = [fan_out.locales.get(user_id or "") for user_id in user_ids]
    chosen = locales if any(locales) else None
    fresh = await transaction.fetchval(NOTE, event.position, event.n, fan_out.asked_by, addresses, user_ids, chosen)
    return fresh is not None


async def find_by_effect(transaction: Connection, effect_key: str) -> str:
    """The id of the notification with this effect key."""
    found: str = await transaction.fetchval(FIND_BY_EFFECT, hashed(effect_key))
    return found


async def next_ready(database: Database) -> datetime | None:
    """When the next mail is ready; a past time if one is ready now."""
    moment: datetime | None = await database.fetchval(NEXT_READY)
    return moment


async def claim(database: Database, now: datetime, until: datetime, most: int) -> list[ClaimedNotification]:
    """Up to `most` mails that are ready."""
    rows = await database.fetch(CLAIM, now, until, most)
    return [ClaimedNotification(**{**row, "metadata": exact.loads(row["metadata"])}) for row in rows]


async def open_bursts(transaction: Connection, keys: Sequence[str], now: datetime) -> dict[str, datetime]:
    """Open the bursts of these keys, in order; returns since when those are open that were open already."""
    rows = await transaction.fetch(OPEN_BURSTS, keys, now, BURST)
    return {row["key"]: row["opened_at"] for row in rows if row["opened_at"] != now}


async def held(transaction: Connection, hold: str, now: datetime, most: int) -> list[HeldNotification]:
    """Those of a key that are due, locked, oldest first."""
    rows = await transaction.fetch(HELD, hold, now, most)
    return [HeldNotification(**{**row, "metadata": exact.loads(row["metadata"])}) for row in rows]


async def release(transaction: Connection, notification_id: str) -> None:
    """Have one that was held go out alone."""
    await transaction.execute(RELEASE, notification_id)


async def mark_digested(transaction: Connection, ids: Sequence[str], digest_id: str) -> None:
    """Note that these have gone into another one."""
    await transaction.execute(DIGESTED, ids, digest_id)


async def finish(
    database: Database, mail: ClaimedNotification, verdict: Verdict, error: str | None, now: datetime
) -> None:
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
        verdict.outcome,
    )


async def make_due(database: Connection | Database, notification_id: UUID, now: datetime) -> bool:
    """Make a failed mail due now; False if there is none, or it has no recipient."""
    return bool(await database.fetchval(MAKE_DUE, notification_id, now))


def hashed(effect_key: str) -> str:
    """Effect keys may be longer than an index can hold."""
    return hashlib.sha256(effect_key.encode()).hexdigest()


async def load_caused(database: Database, traces: Sequence[str], limit: int) -> Sequence[Record]:
    """The notifications of traces, in the order of their creation."""
    return await database.fetch(CAUSED, traces, limit)
