"""SQL that fills the partitions of events, for measurements and for tests of plans."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

SPANS_OF_A_TRACE = 8
FILL = f"""
INSERT INTO events.events (trace_id, span_id, parent_span_id, event_type, source, component, action, entity, user_id,
    duration_ms, status, metadata, created_at)
SELECT t.trace, gen_random_uuid(), CASE WHEN s.n > 0 THEN t.root END, 'system',
    (ARRAY['http', 'db', 'engine', 'engine', 'auth', 'db', 'webhook', 'workflow'])[s.n + 1], 'handler',
    (ARRAY['request.end', 'query.execute', 'write.validate', 'write.insert', 'permission.check', 'query.execute',
           'webhook.match', 'workflow.trigger'])[s.n + 1],
    CASE WHEN s.n IN (2, 3) THEN 'entity' || t.number % 20 END, 'user' || t.number % 100,
    1 + t.number % 97 + s.n, CASE WHEN t.number % 50 = 0 AND s.n = 0 THEN 'error' ELSE 'ok' END,
    jsonb_build_object('method', 'POST', 'path', '/api/app/entity', 'status_code', 201, 'service', 'data'),
    $1::timestamptz + t.number * ($3::interval / $2) + s.n * interval '1 millisecond'
FROM (
    SELECT number, md5($1::timestamptz::text || number)::uuid AS trace, gen_random_uuid() AS root
    FROM generate_series(0, $2::int - 1) AS number
) t, generate_series(0, {SPANS_OF_A_TRACE} - 1) AS s(n)
"""
"""$1 from when, $2 how many traces, $3 over how long; every trace has eight spans."""


def days_before(today: date, count: int) -> list[date]:
    """Days up to today, oldest first."""
    return [today - timedelta(days=back) for back in range(count - 1, -1, -1)]


def beginning(day: date) -> datetime:
    """The first moment of a day (UTC)."""
    return datetime.combine(day, time(), UTC)
