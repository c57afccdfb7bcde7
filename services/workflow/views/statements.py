"""The statements that read instances for the API."""

from __future__ import annotations

from libs.shared.postgres.counting import bounded_counts
from libs.shared.postgres.listings import json_page

FIGURES = bounded_counts(
    {
        "pending_approvals": "(SELECT DISTINCT instance_id FROM workflow.approvals) w",
        "failed_instances": "workflow.instances WHERE status = 'failed'",
    }
)
MAX_HISTORY = 100
"""Entries of the history that an instance shows: the newest."""

# An instance as the API shows it, and what views need to decide what may be shown of it.
SHOWN = f"""i.id, i.workflow_id, i.workflow_name, i.status, i.current_step, i.current_step_deadline, i.context,
    (SELECT coalesce(json_agg(h.shown ORDER BY h.seq), '[]') FROM (
        SELECT h.seq, h.shown FROM workflow.history h WHERE h.instance_id = i.id AND h.shown IS NOT NULL
        ORDER BY h.seq DESC LIMIT {MAX_HISTORY}) h) AS history,
    i.created_at, i.updated_at, i.current_steps, i.entity, i.record_id, i.parent_id,
    i.state -> 'initiator' AS initiator, i.state -> 'failed' AS failed, i.state -> 'warnings' AS warnings,
    coalesce(i.followed, i.definition) AS definition,
    jsonb_build_object('record', i.state -> 'trigger' -> 'record') AS trigger,
    (SELECT jsonb_object_agg(s.key, jsonb_build_object('record_id', s.value -> 'record_id'))
        FROM jsonb_each(i.state -> 'steps') s
        WHERE jsonb_typeof(s.value) = 'object' AND s.value ? 'record_id') AS steps,
    CASE WHEN a.waiting THEN (
        SELECT json_agg(f) FROM jsonb_array_elements(i.state -> 'frames') f WHERE f ->> 'phase' = 'deciding'
    ) END AS frames,
    CASE WHEN a.waiting THEN coalesce(i.followed, i.definition)::text END AS document"""
SOURCE = """workflow.instances i
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM workflow.approvals WHERE instance_id = i.id) AS waiting) a"""
SHOW = f"SELECT row_to_json(x)::text FROM (SELECT {SHOWN} FROM {SOURCE} WHERE i.id = $1) x"
# A page of instances, newest first, and how many there are in all; null filters select everything.
LIST = json_page(
    SHOWN,
    f"""{SOURCE}
    WHERE ($1::text IS NULL OR i.status = $1)
      AND ($2::text IS NULL OR i.workflow_name = $2 OR i.workflow_id::text = $2)
      AND ($3::text IS NULL OR i.record_id = $3)""",
    "i.created_at DESC, i.id DESC",
    "LIMIT $4 OFFSET $5",
)
# Who may decide: with one of these roles ($1), as one of these users ($2), as an admin ($3); null roles: all.
MAY_DECIDE = """EXISTS (
    SELECT FROM workflow.approvals p WHERE p.instance_id = i.id AND (
        $1::text[] IS NULL
        OR (NOT p.barred && $2::text[]
            AND (p.anyone OR p.roles && $1::text[] OR p.users && $2::text[] OR (p.admins AND $3))))
)"""
# A page of what waits for a decision, oldest first.
PENDING = json_page(SHOWN, f"{SOURCE} WHERE {MAY_DECIDE}", "i.created_at, i.id", "LIMIT $4 OFFSET $5")
