"""The statements about deliveries. A delivery is ready when it is due and no replica has claimed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.shared import exact
from libs.shared.ids import uuid7
from libs.shared.postgres.counting import bounded_counts
from libs.shared.postgres.databases import Connection, Database
from libs.shared.postgres.listings import json_page, load_json_page
from services.webhook.deliveries import ClaimedDelivery, NewDelivery
from services.webhook.header_templates import Headers
from services.webhook.signing import Salts

# A delivery with an error, or to a disabled endpoint, is stored as failed.
INSERT = """
INSERT INTO webhook.deliveries (id, webhook_id, commit_key, entity, record_id, hook, url, method,
    request_headers, request_body, max_attempts, backoff, idempotency_key, trace_id, endpoint, origin, ordered,
    awaited, error, status, due_at)
SELECT n.id, n.webhook_id, n.commit_key, n.entity, n.record_id, n.hook, n.url, n.method, n.headers::json,
    n.body::json, n.max_attempts, n.backoff, n.idempotency_key, n.trace_id, n.endpoint, n.origin, n.ordered,
    n.awaited::jsonb, coalesce(n.error, 'the endpoint is disabled: ' || h.last_error),
    CASE WHEN n.error IS NULL AND h.endpoint IS NULL THEN 'pending' ELSE 'failed' END,
    CASE WHEN n.error IS NULL AND h.endpoint IS NULL THEN $1::timestamptz END
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::int[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
    $18::bool[], $19::text[], $20::text[])
    AS n(id, webhook_id, commit_key, entity, record_id, hook, url, method, headers, body, max_attempts, backoff,
         idempotency_key, trace_id, endpoint, origin, ordered, awaited, error)
LEFT JOIN webhook.endpoints h ON h.endpoint = n.endpoint AND h.url = n.url AND h.circuit = 'disabled'
ORDER BY n.id
ON CONFLICT (webhook_id, commit_key) DO NOTHING RETURNING id::text
"""
# Deliveries that are stored when they have been sent: synchronous webhooks and examples.
INSERT_SENT = """
INSERT INTO webhook.deliveries (id, webhook_id, commit_key, entity, record_id, hook, url, method, request_headers,
    request_body, max_attempts, backoff, idempotency_key, trace_id, endpoint, origin, status, attempt,
    response_status, response_body, error, attempted_at, duration_ms)
SELECT n.id, n.webhook_id, n.commit_key, n.entity, n.record_id, n.hook, n.url, n.method, n.headers::json,
    n.body::json, n.max_attempts, n.backoff, n.idempotency_key, n.trace_id, n.endpoint, n.origin,
    CASE WHEN n.error IS NULL THEN 'delivered' ELSE 'failed' END, 1,
    n.response_status, n.response_body, n.error, n.attempted_at, n.duration_ms
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::int[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
    $17::int[], $18::text[], $19::text[], $20::timestamptz[], $21::int[])
    AS n(id, webhook_id, commit_key, entity, record_id, hook, url, method, headers, body, max_attempts, backoff,
         idempotency_key, trace_id, endpoint, origin, response_status, response_body, error, attempted_at, duration_ms)
ORDER BY n.id
"""
# Of a record whose deliveries are sent in order, only the oldest unfinished one may be sent.
FREE = """
(NOT d.ordered OR NOT EXISTS (
    SELECT FROM webhook.deliveries p WHERE p.endpoint = d.endpoint AND p.entity = d.entity
        AND p.record_id = d.record_id AND p.ordered AND p.due_at IS NOT NULL AND p.seq < d.seq))
"""
# Every endpoint with unfinished deliveries: when its next one may be sent, and whether it is disabled under its current
# URL. The query goes from index entry to index entry, so that the number of waiting deliveries costs nothing.
OUTSTANDING = f"""
WITH RECURSIVE e AS (
    (SELECT endpoint FROM webhook.deliveries WHERE due_at IS NOT NULL ORDER BY endpoint LIMIT 1)
    UNION ALL
    SELECT (SELECT d.endpoint FROM webhook.deliveries d WHERE d.due_at IS NOT NULL AND d.endpoint > e.endpoint
            ORDER BY d.endpoint LIMIT 1)
    FROM e WHERE e.endpoint IS NOT NULL
)
SELECT e.endpoint, greatest(n.at, h.hold_until) AS at, coalesce(h.circuit = 'disabled', false) AS disabled
FROM e CROSS JOIN LATERAL (
    SELECT greatest(d.due_at, d.claimed_until) AS at FROM webhook.deliveries d
    WHERE d.endpoint = e.endpoint AND d.due_at IS NOT NULL AND {FREE}
    ORDER BY greatest(d.due_at, d.claimed_until) LIMIT 1
) n LEFT JOIN webhook.endpoints h USING (endpoint)
ORDER BY at
"""
# Claims the oldest ready deliveries of several endpoints ($1, with $2 places each and $3 as their current URLs),
# until $5, at most $6. A circuit whose open time has ended lets one through.
CLAIM = f"""
WITH wanted AS (
    SELECT e.endpoint, e.place, h.circuit, coalesce(h.failing_since IS NOT NULL, false) AS ailing,
        CASE WHEN h.circuit = 'disabled' OR h.hold_until > $4 THEN 0
             WHEN h.circuit IN ('open', 'half_open') THEN 1 ELSE e.room END AS room
    FROM unnest($1::text[], $2::int[], $3::text[]) WITH ORDINALITY AS e(endpoint, room, url, place)
    LEFT JOIN webhook.endpoints h ON h.endpoint = e.endpoint AND h.url = e.url
), chosen AS MATERIALIZED (
    SELECT r.id, r.webhook_id, w.endpoint, w.circuit, w.ailing FROM wanted w CROSS JOIN LATERAL (
        SELECT d.id, d.webhook_id FROM webhook.deliveries d
        WHERE d.endpoint = w.endpoint AND d.due_at IS NOT NULL AND greatest(d.due_at, d.claimed_until) <= $4 AND {FREE}
        ORDER BY greatest(d.due_at, d.claimed_until), d.seq LIMIT w.room FOR UPDATE SKIP LOCKED
    ) r WHERE w.room > 0 ORDER BY w.place LIMIT $6
), tried AS (
    SELECT endpoint FROM webhook.endpoints
    WHERE endpoint IN (SELECT endpoint FROM chosen WHERE circuit IN ('open', 'half_open')) ORDER BY endpoint FOR UPDATE
), trying AS (
    UPDATE webhook.endpoints h SET circuit = 'half_open', hold_until = $5 FROM tried WHERE h.endpoint = tried.endpoint
)
UPDATE webhook.deliveries d SET claimed_until = $5
FROM chosen c LEFT JOIN webhook.secrets s ON s.webhook_id = c.webhook_id
WHERE d.id = c.id
RETURNING d.id::text, d.webhook_id::text, d.commit_key, d.endpoint, d.entity, d.record_id, d.hook, d.url, d.method,
    d.request_headers::text, d.request_body::text, d.attempt, d.max_attempts, d.backoff, d.idempotency_key,
    d.trace_id, d.origin, d.ordered, d.awaited::text, d.claimed_until, c.ailing, s.salt, s.previous::text
"""
COLUMNS = """
    id, webhook_id, entity, record_id, hook, url, method, request_headers, request_body, response_status,
    response_body, status, attempt, max_attempts, next_retry_at, error, idempotency_key, trace_id, origin,
    attempted_at, duration_ms, created_at, updated_at
"""
CAUSED = """
SELECT id::text, commit_key, trace_id, status, hook, url, entity, record_id, to_json(created_at) #>> '{}' AS at
FROM webhook.deliveries WHERE trace_id = ANY($1::text[]) ORDER BY id LIMIT $2
"""
MATCHES = "($1::uuid IS NULL OR webhook_id = $1) AND ($2 = '' OR status = $2) AND ($3 = '' OR entity = $3)"
FIGURES = bounded_counts({"failed_deliveries": "webhook.deliveries WHERE status = 'failed'"})
# Ids are ordered by time, so the newest come first.
LIST = json_page(COLUMNS, f"webhook.deliveries WHERE {MATCHES}", "id DESC", "LIMIT $4 OFFSET $5")
GET = f"""
SELECT row_to_json(d)::text FROM (
    SELECT {COLUMNS}, (
        SELECT coalesce(json_agg(a ORDER BY a.attempt), '[]') FROM (
            SELECT attempt, at, duration_ms, response_status, response_body, error FROM webhook.attempts
            WHERE delivery_id = o.id
            UNION ALL
            SELECT attempt, attempted_at, duration_ms, response_status, response_body, error
            WHERE attempted_at IS NOT NULL
        ) a
    ) AS attempts FROM webhook.deliveries o WHERE id = $1
) d
"""
MAKE_DUE = """
UPDATE webhook.deliveries SET due_at = $2, next_retry_at = $2, updated_at = clock_timestamp(),
    status = CASE status WHEN 'failed' THEN 'retrying' ELSE status END
WHERE id = $1 AND status <> 'delivered' RETURNING endpoint
"""
# Ids begin with their time, so the oldest are first in the key's index.
PRUNE = """
DELETE FROM webhook.deliveries WHERE id IN (
    SELECT id FROM webhook.deliveries WHERE id < $1 AND due_at IS NULL ORDER BY id LIMIT 1000
)
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """The filters of a listing; None and "" match everything."""

    webhook_id: UUID | None = None
    status: str = ""
    entity: str = ""


async def insert(transaction: Connection, new: Sequence[NewDelivery], now: datetime) -> list[tuple[str, NewDelivery]]:
    """Store deliveries; returns the new ones with their ids."""
    if not new:
        return []
    ids = new_ids(len(new))
    own = ([d.ordered for d in new], [_awaited_text(d) for d in new], [d.error for d in new])
    rows = await transaction.fetch(INSERT, now, ids, *_columns(new), *own)
    fresh = {row["id"] for row in rows}
    return [(str(each), delivery) for each, delivery in zip(ids, new, strict=True) if str(each) in fresh]


async def insert_sent(
    database: Database | Connection,
    ids: Sequence[UUID],
    sent: Sequence[NewDelivery],
    outcomes: Sequence[Any],
) -> None:
    """Store deliveries that have been sent, with their outcomes."""
    await database.execute(
        INSERT_SENT, ids, *_columns(sent),
        [o.status for o in outcomes], [o.body for o in outcomes], [o.error for o in outcomes],
        [o.started for o in outcomes], [o.duration_ms for o in outcomes],
    )  # fmt: skip


def new_ids(count: int) -> list[UUID]:
    """Ids in order."""
    return sorted(uuid7() for _ in range(count))


def _columns(new: Sequence[NewDelivery]) -> tuple[list[Any], ...]:
    """The columns of new deliveries, as arrays."""
    return (
        [UUID(d.webhook_id) for d in new], [d.commit_key for d in new], [d.entity for d in new],
        [d.record_id for d in new], [d.hook for d in new], [d.url for d in new], [d.method for d in new],
        [headers_text(d.headers) for d in new], [d.body for d in new], [d.max_attempts for d in new],
        [d.backoff for d in new], [d.idempotency_key for d in new], [d.trace_id for d in new],
        [d.endpoint for d in new], [d.origin for d in new],
    )  # fmt: skip


def _awaited_text(delivery: NewDelivery) -> str | None:
    return None if delivery.awaited is None else exact.dumps(list(delivery.awaited)).decode()


def headers_text(headers: Headers) -> str:
    """Headers in their stored form, with templates."""
    return exact.dumps(dict(headers)).decode()


async def outstanding(database: Database) -> list[tuple[str, datetime, bool]]:
    """Endpoints with unfinished deliveries, when each may be sent to next (soonest first), whether it is disabled."""
    return [(row["endpoint"], row["at"], row["disabled"]) for row in await database.fetch(OUTSTANDING)]


async def claim(
    database: Database, rooms: Sequence[tuple[str, int, str | None]], now: datetime, until: datetime, most: int
) -> list[ClaimedDelivery]:
    """Claim at most `most` ready deliveries of endpoints (with the places and the current URL of each)."""
    endpoints, places, urls = map(list, zip(*rooms, strict=True))
    return [_claimed(row) for row in await database.fetch(CLAIM, endpoints, places, urls, now, until, most)]


def _claimed(row: Any) -> ClaimedDelivery:
    values: dict[str, Any] = dict(row)
    previous, awaited = values.pop("previous"), values.pop("awaited")
    return ClaimedDelivery(
        awaited=exact.loads(awaited) if awaited else None,
        headers=exact.loads(values.pop("request_headers")),
        body=values.pop("request_body"),
        salts=Salts.read(values.pop("salt"), exact.loads(previous) if previous else None),
        **values,
    )


async def listing(database: Database, by: Filter, limit: int, offset: int) -> tuple[bytes, int]:
    """A page of the log as JSON, and how many deliveries match in all."""
    return await load_json_page(database, LIST, by.webhook_id, by.status, by.entity, limit, offset)


async def get(database: Database, delivery_id: UUID) -> bytes | None:
    """One delivery as JSON, with all its attempts."""
    text: str | None = await database.fetchval(GET, delivery_id)
    return text.encode() if text else None


async def make_due(database: Connection | Database, delivery_id: UUID, now: datetime) -> str | None:
    """Make a delivery due now; returns its endpoint, None if it is delivered or unknown."""
    endpoint: str | None = await database.fetchval(MAKE_DUE, delivery_id, now)
    return endpoint


async def prune(database: Database, before: datetime) -> None:
    """Delete some of the finished deliveries that are older."""
    await database.execute(PRUNE, UUID(int=int(before.timestamp() * 1000) << 80))


async def load_caused(database: Database, traces: Sequence[str], limit: int) -> Sequence[Any]:
    """The deliveries of traces, in the order of their creation."""
    return await database.fetch(CAUSED, traces, limit)
