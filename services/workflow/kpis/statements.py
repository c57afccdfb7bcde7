"""The statements that count instances: named and explained.

`$1` and `$2` are the time in which instances have started, `$3` the workflow (name or id), `$4` the instances that
count (null: all).
"""

from __future__ import annotations

OF = """i.created_at >= $1 AND i.created_at < $2
    AND ($3::text IS NULL OR i.workflow_name = $3 OR i.workflow_id::text = $3)
    AND ($4::uuid[] IS NULL OR i.id = ANY ($4))"""
COUNTS = """count(*) AS started, count(*) FILTER (WHERE i.status = 'running') AS running,
    count(*) FILTER (WHERE i.status = 'completed') AS completed, count(*) FILTER (WHERE i.status = 'failed') AS failed,
    count(*) FILTER (WHERE i.status = 'cancelled') AS cancelled"""
INSTANCES = f"""
SELECT {COUNTS},
    avg(extract(epoch FROM i.ended_at - i.created_at)) FILTER (WHERE i.status = 'completed') AS avg,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM i.ended_at - i.created_at))
        FILTER (WHERE i.status = 'completed') AS p50,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM i.ended_at - i.created_at))
        FILTER (WHERE i.status = 'completed') AS p95
FROM workflow.instances i WHERE {OF}
"""
# The same by day, week or month ($5) in UTC.
SERIES = f"""
SELECT to_json(date_trunc($5, i.created_at, 'UTC')) #>> '{{}}' AS at, {COUNTS},
    avg(extract(epoch FROM i.ended_at - i.created_at)) FILTER (WHERE i.status = 'completed') AS avg_seconds
FROM workflow.instances i WHERE {OF} GROUP BY 1 ORDER BY 1
"""
# Every visit of a step ends with the next entry of its scope that moves it on.
STEPS = f"""
WITH moves AS (
    SELECT i.workflow_name, i.status, h.kind, h.step, h.at, lead(h.at) OVER w AS until,
        lead(h.data ->> 'status') OVER w AS result
    FROM workflow.instances i JOIN workflow.history h ON h.instance_id = i.id
    WHERE {OF} AND h.kind IN ('entered', 'left', 'failed', 'dropped', 'closed', 'returned')
    WINDOW w AS (PARTITION BY h.instance_id, h.scope ORDER BY h.seq)
), escalated AS (
    SELECT i.workflow_name, h.step, count(*) AS times FROM workflow.instances i
    JOIN workflow.history h ON h.instance_id = i.id WHERE {OF} AND h.kind = 'escalated' GROUP BY 1, 2
)
SELECT m.workflow_name AS workflow, m.step, count(*) AS entered,
    count(*) FILTER (WHERE m.until IS NULL AND m.status = 'running') AS open,
    avg(extract(epoch FROM m.until - m.at)) AS avg_seconds,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM m.until - m.at)) AS p95_seconds,
    coalesce(sum(extract(epoch FROM m.until - m.at)), 0) AS total_seconds,
    count(*) FILTER (WHERE m.result = 'timed_out') AS timed_out, coalesce(max(e.times), 0) AS escalated
FROM moves m LEFT JOIN escalated e ON e.workflow_name = m.workflow_name AND e.step = m.step
WHERE m.kind = 'entered' GROUP BY 1, 2 ORDER BY 1, 2
"""
# Approvals with a deadline that have been decided before it, or not. Those that were cancelled are neither.
SLA = f"""
WITH moves AS (
    SELECT h.kind, h.data ->> 'deadline' AS deadline, lead(h.kind) OVER w AS next,
        lead(h.data ->> 'status') OVER w AS result
    FROM workflow.instances i JOIN workflow.history h ON h.instance_id = i.id
    WHERE {OF} AND h.kind IN ('seated', 'left', 'failed', 'dropped', 'closed', 'returned')
    WINDOW w AS (PARTITION BY h.instance_id, h.scope ORDER BY h.seq)
)
SELECT count(*) FILTER (WHERE next = 'left' AND result <> 'timed_out') AS met,
    count(*) FILTER (WHERE next = 'left' AND result = 'timed_out') AS breached
FROM moves WHERE kind = 'seated' AND deadline IS NOT NULL
"""
# For whom something waits now: each role and each user that an open approval names.
PENDING = f"""
SELECT role, user_id, count(DISTINCT instance_id) AS count, to_json(min(since)) #>> '{{}}' AS oldest_at FROM (
    SELECT p.instance_id, p.since, r.role, NULL AS user_id FROM workflow.instances i
    JOIN workflow.approvals p ON p.instance_id = i.id, unnest(p.roles) AS r(role) WHERE {OF}
    UNION ALL
    SELECT p.instance_id, p.since, NULL, u.id FROM workflow.instances i
    JOIN workflow.approvals p ON p.instance_id = i.id, unnest(p.users) AS u(id) WHERE {OF}
    UNION ALL
    SELECT p.instance_id, p.since, NULL, NULL FROM workflow.instances i
    JOIN workflow.approvals p ON p.instance_id = i.id
    WHERE {OF} AND p.anyone
) w GROUP BY 1, 2 ORDER BY 3 DESC, 4
"""
