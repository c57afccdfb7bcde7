"""The statement that records the outcomes of attempts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from libs.shared.postgres.databases import Connection, Database
from services.webhook.deliveries import ClaimedDelivery
from services.webhook.retry_policy import Verdict
from services.webhook.sending import AttemptOutcome, WebhookRequest
from services.webhook.store import headers_text

# Only the holder of the claim may record an outcome. The outcome of the attempt before moves to webhook.attempts.
FINISH = """
WITH held AS (
    SELECT d.id, d.attempt, d.attempted_at, d.duration_ms, d.response_status, d.response_body, d.error, n.*
    FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::text[],
        $9::text[], $10::timestamptz[], $11::timestamptz[], $12::int[])
        AS n(delivery, claim, new_status, url, method, headers, status, body, problem, next_retry_at, started, took)
    JOIN webhook.deliveries d ON d.id = n.delivery AND d.claimed_until = n.claim
    FOR UPDATE OF d
), earlier AS (
    INSERT INTO webhook.attempts (delivery_id, attempt, at, duration_ms, response_status, response_body, error)
    SELECT id, attempt, attempted_at, duration_ms, response_status, response_body, error
    FROM held WHERE attempted_at IS NOT NULL
    ON CONFLICT DO NOTHING
)
UPDATE webhook.deliveries d SET status = h.new_status, attempt = d.attempt + 1, url = coalesce(h.url, d.url),
    method = coalesce(h.method, d.method), request_headers = coalesce(h.headers::json, d.request_headers),
    response_status = h.status, response_body = h.body, error = h.problem, next_retry_at = h.next_retry_at,
    due_at = h.next_retry_at, claimed_until = NULL, attempted_at = h.started, duration_ms = h.took,
    updated_at = clock_timestamp()
FROM held h WHERE d.id = h.id RETURNING d.id::text
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """The outcome of an attempt; `request` None: nothing could be sent."""

    claimed: ClaimedDelivery
    request: WebhookRequest | None
    outcome: AttemptOutcome
    verdict: Verdict


async def finish(connection: Connection | Database, entries: Sequence[Entry]) -> set[str]:
    """Record attempts; returns the ids of the deliveries whose claim had not been lost."""
    rows = await connection.fetch(
        FINISH,
        [UUID(e.claimed.id) for e in entries],
        [e.claimed.claimed_until for e in entries],
        [e.verdict.status for e in entries],
        [e.request.url if e.request else None for e in entries],
        [e.request.method if e.request else None for e in entries],
        [headers_text(e.request.headers) if e.request else None for e in entries],
        [e.outcome.status for e in entries],
        [e.outcome.body for e in entries],
        [e.outcome.error for e in entries],
        [e.verdict.next_retry_at for e in entries],
        [e.outcome.started for e in entries],
        [e.outcome.duration_ms for e in entries],
    )
    return {row["id"] for row in rows}
