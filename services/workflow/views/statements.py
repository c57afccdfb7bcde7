"""The statements that read instances for the API."""

from __future__ import annotations

from libs.shared.postgres.counting import bounded_counts
from services.workflow.history.store import COLUMNS

FIGURES = bounded_counts(
    {
        "pending_approvals": "(SELECT DISTINCT instance_id FROM workflow.approvals) w",
        "failed_instances": "workflow.instances WHERE status = 'failed'",
    }
)
MAX_HISTORY = 100
"""Entries of the history that an instance shows: the newest."""

# An instance as the API shows it, and what views need to decide what may be shown of it.
SHOWN = f"""i.id, i.workflow_id, i.workflow_name,
    (coalesce(i.followed, i.definition) ->> 'version')::int AS workflow_version, i.status,
    i.current_step, i.current_step_deadline, i.context,
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
# Several instances, in the order of their ids.
SHOW_SEVERAL = f"""
SELECT coalesce(json_agg(row_to_json(x) ORDER BY c.place), '[]')::text
FROM unnest($1::uuid[]) WITH ORDINALITY AS c(id, place)
CROSS JOIN LATERAL (SELECT {SHOWN} FROM {SOURCE} WHERE i.id = c.id) x
"""
# The persons ({who}, as standings) who may decide an approval `p` of an instance `i` now.
MAY_DECIDE = """
    NOT p.barred && who.ids AND (who.workflow_ids IS NULL OR i.workflow_id::text = ANY (who.workflow_ids))
    AND (p.anyone OR p.roles && who.roles OR who.id = ANY (p.users) OR (p.admins AND who.is_admin))
"""
PERSONS = """jsonb_to_recordset({who}::jsonb)
    AS who(id text, ids text[], roles text[], is_admin boolean, workflow_ids text[])"""
# What waits for a decision; with {mine}: of one of these persons.
WAITING = f"""{SOURCE} CROSS JOIN LATERAL (
    SELECT json_agg(DISTINCT who.id) AS persons FROM workflow.approvals p, {PERSONS}
    WHERE p.instance_id = i.id AND {MAY_DECIDE}
) w WHERE a.waiting AND (NOT {{mine}} OR w.persons IS NOT NULL) AND {{conditions}}"""
# Instances, with whether they concern the caller {me}: as the one who started, has decided or may decide.
CANDIDATES = f"""
SELECT i.id, i.entity, i.record_id, (
    i.initiator_id IS NOT DISTINCT FROM {{me}}
    OR EXISTS (SELECT FROM jsonb_each(i.state -> 'deciders') d WHERE d.value ? {{me}})
    OR EXISTS (SELECT FROM workflow.approvals p, {PERSONS} WHERE p.instance_id = i.id AND {MAY_DECIDE})
) AS mine
FROM workflow.instances i WHERE {{conditions}} ORDER BY {{order}} LIMIT {{limit}}
"""
# A part of the history that the API shows, oldest first, up to an entry, and how long it is.
HISTORY = """
SELECT (SELECT count(*) FROM workflow.history WHERE instance_id = $1 AND shown IS NOT NULL AND seq <= $4) AS total,
    (SELECT coalesce(json_agg(h.shown || jsonb_build_object('seq', h.seq) ORDER BY h.seq), '[]') FROM (
        SELECT seq, shown FROM workflow.history WHERE instance_id = $1 AND shown IS NOT NULL AND seq <= $4
        ORDER BY seq LIMIT $2 OFFSET $3) h)::text AS rows
"""
# The last entry of an instance at a time ($2; null: now), 0 if it had not begun; null if there is no instance. Clocks
# of replicas differ, so an entry that follows a later one had not happened either.
LAST_ENTRY = """
SELECT coalesce((SELECT min(seq) FROM workflow.history WHERE instance_id = i.id AND at > $2::timestamptz) - 1, i.seq)
FROM workflow.instances i WHERE i.id = $1
"""
# Instances with the histories from which their past states follow; $2 is the time. Those that had not begun are absent.
PAST = f"""
SELECT {COLUMNS}, definition::text AS original, to_json(created_at) #>> '{{}}' AS begun, (
    SELECT json_agg(json_build_array(h.seq, h.kind, h.scope, h.step, h.data, to_json(h.at)) ORDER BY h.seq)::text
    FROM workflow.history h WHERE h.instance_id = i.id AND h.seq <= l.seq AND h.seq <= coalesce($3::int, l.seq)
) AS entries
FROM workflow.instances i CROSS JOIN LATERAL (
    SELECT coalesce(min(h.seq) - 1, i.seq) AS seq FROM workflow.history h
    WHERE h.instance_id = i.id AND h.at > $2::timestamptz) l
WHERE i.id = ANY ($1) AND l.seq > 0
"""
