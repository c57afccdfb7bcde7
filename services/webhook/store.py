"""Every statement of the webhook service. Deliveries are ready when due and under way nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from libs.shared.ids import uuid7
from libs.shared.postgres.databases import Connection, Database
from services.webhook.matching import NewDelivery
from services.webhook.retry_policy import Verdict

# A delivery with an error can't be sent and is only shown.
INSERT = """
INSERT INTO webhook.deliveries (id, webhook_id, commit_key, entity, record_id, hook, url, method,
    request_headers, request_body, max_attempts, backoff, idempotency_key, trace_id, error, status, due_at)
VALUES ($1, $2::text::uuid, $3, $4, $5, $6, $7, $8, $9::json, $10::json, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (webhook_id, commit_key) DO NOTHING RETURNING id::text
"""
READY = """
SELECT webhook_id::text, count(*) AS deliveries FROM webhook.deliveries
WHERE due_at IS NOT NULL AND greatest(due_at, claimed_until) <= $1
GROUP BY webhook_id ORDER BY min(due_at) LIMIT 1000
"""
NEXT_READY = "SELECT min(greatest(due_at, claimed_until)) FROM webhook.deliveries WHERE due_at IS NOT NULL"
# The oldest ready delivery of one webhook, ours until $3.
CLAIM = """
UPDATE webhook.deliveries SET claimed_until = $3 WHERE id = (
    SELECT id FROM webhook.deliveries
    WHERE webhook_id = $1::text::uuid AND due_at IS NOT NULL AND greatest(due_at, claimed_until) <= $2
    ORDER BY greatest(due_at, claimed_until), id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id::text, webhook_id::text, entity, record_id, hook, url, method, request_headers::text,
    request_body::text, attempt, max_attempts, backoff, idempotency_key, trace_id, claimed_until
"""
# Only whoever holds the claim may say how it went.
FINISH = """
UPDATE webhook.deliveries SET status = $3, attempt = $4, response_status = $5, response_body = $6, error = $7,
    next_retry_at = $8, due_at = $8, claimed_until = NULL, updated_at = clock_timestamp()
WHERE id = $1::text::uuid AND claimed_until = $2 RETURNING true
"""
COLUMNS = """
    id, webhook_id, entity, record_id, hook, url, method, request_headers, request_body, response_status,
    response_body, status, attempt, max_attempts, next_retry_at, error, idempotency_key, trace_id,
    created_at, updated_at
"""
MATCHES = "($1::uuid IS NULL OR webhook_id = $1) AND ($2 = '' OR status = $2) AND ($3 = '' OR entity = $3)"
# Ids are ordered by time, so the newest come first.
LIST = f"""
SELECT coalesce(json_agg(row_to_json(d)), '[]')::text FROM (
    SELECT {COLUMNS} FROM webhook.deliveries WHERE {MATCHES} ORDER BY id DESC LIMIT $4 OFFSET $5
) d
"""
COUNT = f"SELECT count(*) FROM webhook.deliveries WHERE {MATCHES}"
GET = f"""
SELECT row_to_json(d)::text FROM (SELECT {COLUMNS} FROM webhook.deliveries WHERE id = $1) d
"""
MAKE_DUE = """
UPDATE webhook.deliveries SET due_at = $2, next_retry_at = $2, updated_at = clock_timestamp(),
    status = CASE status WHEN 'failed' THEN 'retrying' ELSE status END
WHERE id = $1 AND status <> 'delivered' RETURNING true
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to send until `claimed_until`. `attempt` counts the attempts made so far."""

    id: str
    webhook_id: str
    entity: str
    record_id: str
    hook: str
    url: str
    method: str
    headers: dict[str, str]
    body: str
    attempt: int
    max_attempts: int
    backoff: str
    idempotency_key: str
    trace_id: str
    claimed_until: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """What a listing is narrowed to; None and "" are no limit."""

    webhook_id: UUID | None = None
    status: str = ""
    entity: str = ""


async def insert(transaction: Connection, new: NewDelivery, now: datetime) -> str | None:
    """The id of the new delivery; None if this commit has been noted for this webhook before."""
    inserted: str | None = await transaction.fetchval(
        INSERT,
        uuid7(),
        new.webhook_id,
        new.commit_key,
        new.entity,
        new.record_id,
        new.hook,
        new.url,
        new.method,
        orjson.dumps(new.headers).decode(),
        new.body,
        new.max_attempts,
        new.backoff,
        new.idempotency_key,
        new.trace_id,
        new.error,
        "failed" if new.error else "pending",
        None if new.error else now,
    )
    return inserted


async def ready(database: Database, now: datetime) -> Sequence[tuple[str, int]]:
    """Webhooks with deliveries to send now, and how many; those that have waited longest first."""
    return [(row["webhook_id"], row["deliveries"]) for row in await database.fetch(READY, now)]


async def next_ready(database: Database) -> datetime | None:
    """When there will be something to send."""
    moment: datetime | None = await database.fetchval(NEXT_READY)
    return moment


async def claim(database: Database, webhook_id: str, now: datetime, until: datetime) -> Claimed | None:
    """One delivery of the webhook, if any is ready."""
    row = await database.fetchrow(CLAIM, webhook_id, now, until)
    if row is None:
        return None
    values: dict[str, Any] = dict(row)
    headers = orjson.loads(values.pop("request_headers"))
    return Claimed(headers=headers, body=values.pop("request_body"), **values)


async def finish(
    transaction: Connection,
    claimed: Claimed,
    verdict: Verdict,
    response_status: int | None,
    response_body: str | None,
    error: str | None,
) -> bool:
    """Record an attempt; False if the claim was lost to another replica meanwhile."""
    held = await transaction.fetchval(
        FINISH,
        claimed.id,
        claimed.claimed_until,
        verdict.status,
        claimed.attempt + 1,
        response_status,
        response_body,
        error,
        verdict.next_retry_at,
    )
    return bool(held)


async def listing(database: Database, by: Filter, limit: int, offset: int) -> tuple[bytes, int]:
    """A page of the log as JSON, and how many deliveries match in all."""
    matches = (by.webhook_id, by.status, by.entity)
    text: str = await database.fetchval(LIST, *matches, limit, offset)
    return text.encode(), await database.fetchval(COUNT, *matches)


async def get(database: Database, delivery_id: UUID) -> bytes | None:
    """One delivery as JSON."""
    text: str | None = await database.fetchval(GET, delivery_id)
    return text.encode() if text else None


async def make_due(database: Database, delivery_id: UUID, now: datetime) -> bool:
    """Have a delivery sent now; False if it is delivered or unknown."""
    return bool(await database.fetchval(MAKE_DUE, delivery_id, now))
