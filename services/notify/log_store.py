"""The statements about the log of notifications: what is listed, and what is sent again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from libs.shared.errors import RocketError, detail_of
from libs.shared.ids import parse_uuid
from libs.shared.postgres.databases import Connection, Database
from libs.shared.postgres.listings import json_page, load_json_page

COLUMNS = """
    id, channel_id, channel, type, origin, recipient, user_id, subject,
    CASE WHEN confidential THEN '' ELSE body END AS body, confidential, status, reason, metadata, entity, record_id,
    digest_id, attempt AS attempts, next_retry_at, CASE WHEN status = 'pending' THEN due_at END AS due_at, error,
    trace_id, created_at, sent_at, read_at, quoted
"""
MATCHES = """
    ($1 = '' OR status = $1) AND ($2 = '' OR channel = $2) AND ($3 = '' OR channel_id::text = $3)
    AND ($4 = '' OR lower(recipient) = lower($4)) AND ($5 = '' OR entity = $5) AND ($6 = '' OR record_id = $6)
    AND ($7 = '' OR metadata ->> 'rule' = $7 OR metadata ->> 'rule_id' = $7)
    AND ($8::timestamptz IS NULL OR created_at >= $8) AND ($9::timestamptz IS NULL OR created_at < $9)
"""
FILTERS = ("status", "channel", "channel_id", "recipient", "entity", "record_id", "rule")
SOURCE = f"notify.notifications WHERE {MATCHES}"
# Ids are ordered by time.
LOG = {order: json_page(COLUMNS, SOURCE, f"id {order}", "LIMIT $10 OFFSET $11") for order in ("DESC", "ASC")}
GET = f"""
SELECT row_to_json(n)::text FROM (SELECT {COLUMNS}, (
    SELECT coalesce(json_agg(json_build_object('number', number, 'at', at, 'outcome', outcome, 'error', error)
        ORDER BY number), '[]') FROM notify.attempts WHERE notification_id = notifications.id) AS history
    FROM notify.notifications WHERE id = $1) n
"""
MAX_RETRIED = 10_000
"""Notifications that one request sends again."""
MAKE_ALL_DUE = f"""
UPDATE notify.notifications SET status = 'pending', due_at = $10, next_retry_at = NULL WHERE id IN (
    SELECT id FROM {SOURCE} AND status = 'failed' AND recipient <> '' AND NOT confidential ORDER BY id LIMIT $11
) RETURNING id
"""
SORTS = {"": "DESC", "-created_at": "DESC", "created_at": "ASC"}

Selection = tuple[object, ...]


def selection(query: Mapping[str, str]) -> Selection:
    """The values of the filters; "" is no limit. Raises VALIDATION_FAILED for a time that is none."""
    ends = (_moment(query, "from"), _moment(query, "to"))
    channel_id = query.get("channel_id", "")
    known = {**query, "channel_id": str(parse_uuid(channel_id) or "-") if channel_id else ""}
    return (*(known.get(name, "") for name in FILTERS), *ends)


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
    except ValueError:
        detail = detail_of(name, "must be a time with an offset, such as 2026-01-31T08:00:00Z")
        raise RocketError("VALIDATION_FAILED", f"{name} must be a time with an offset", [detail]) from None
    return moment


def order_of(sort: str) -> str:
    """The direction of a sorting. Raises VALIDATION_FAILED."""
    if sort not in SORTS:
        detail = detail_of("sort", "must be created_at or -created_at")
        raise RocketError("VALIDATION_FAILED", "sort must be created_at or -created_at", [detail])
    return SORTS[sort]


async def log(database: Database, chosen: Selection, order: str, limit: int, offset: int) -> tuple[bytes, int]:
    """A page of the log as JSON, and how many notifications match in all."""
    return await load_json_page(database, LOG[order], *chosen, limit, offset)


async def get(database: Database, notification_id: UUID) -> bytes | None:
    """One notification as the log has it, with its attempts."""
    text: str | None = await database.fetchval(GET, notification_id)
    return text.encode() if text else None


async def make_all_due(transaction: Connection, chosen: Selection, now: datetime) -> int:
    """Make the failed ones of a selection due now, at most MAX_RETRIED; returns their number."""
    return len(await transaction.fetch(MAKE_ALL_DUE, *chosen, now, MAX_RETRIED))
