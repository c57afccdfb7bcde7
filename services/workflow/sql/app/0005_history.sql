-- An instance is the fold of its history, which is append-only. The row of `instances` is its newest state.
CREATE TABLE ${schema}.history (
    instance_id uuid NOT NULL,
    -- the entry's number: who appends the same one twice has not seen the first
    seq         int NOT NULL,
    kind        text NOT NULL,
    scope       text NOT NULL,
    step        text,
    data        jsonb NOT NULL,
    at          timestamptz NOT NULL,
    -- the entry as the API shows it; null: it doesn't
    shown       jsonb,
    PRIMARY KEY (instance_id, seq)
);
CREATE INDEX history_shown ON ${schema}.history (instance_id, seq DESC) WHERE shown IS NOT NULL;

-- What instances wait for that this service does itself: commands to make, timers, and inputs from other instances.
CREATE TABLE ${schema}.tasks (
    instance_id uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('command', 'timer', 'input')),
    key         text NOT NULL,
    due_at      timestamptz NOT NULL,
    attempts    int NOT NULL DEFAULT 0,
    data        jsonb,
    PRIMARY KEY (instance_id, kind, key)
);
CREATE INDEX tasks_due ON ${schema}.tasks (due_at);

-- The approvals that instances wait for, and who may decide them: one row per waiting step.
CREATE TABLE ${schema}.approvals (
    instance_id uuid NOT NULL,
    scope       text NOT NULL,
    step        text NOT NULL,
    visit       int NOT NULL,
    roles       text[] NOT NULL,
    users       text[] NOT NULL,
    anyone      boolean NOT NULL,
    admins      boolean NOT NULL,
    -- users who have decided, or may not
    barred      text[] NOT NULL,
    deadline    timestamptz,
    since       timestamptz NOT NULL,
    PRIMARY KEY (instance_id, scope)
);

-- Commands whose answers come from outside, by what answers them: events that are waited for.
CREATE TABLE ${schema}.awaited (
    instance_id uuid NOT NULL,
    key         text NOT NULL,
    event       text NOT NULL,
    PRIMARY KEY (instance_id, key)
);
CREATE INDEX awaited_event ON ${schema}.awaited (event);

ALTER TABLE ${schema}.instances
    ADD COLUMN state jsonb,
    ADD COLUMN seq int NOT NULL DEFAULT 0,
    ADD COLUMN current_steps text[] NOT NULL DEFAULT '{}',
    ADD COLUMN schema_version bigint,
    ADD COLUMN initiator_id text,
    ADD COLUMN parent_id uuid,
    ADD COLUMN parent_key text,
    ADD COLUMN cancels boolean NOT NULL DEFAULT false,
    ADD COLUMN ended_at timestamptz,
    ALTER COLUMN history DROP NOT NULL;

-- The instances that there are: what their rows say becomes their history.
INSERT INTO ${schema}.history (instance_id, seq, kind, scope, step, data, at, shown)
SELECT i.id, e.n, 'noted', '', e.entry ->> 'step', e.entry - 'step' - 'at', (e.entry ->> 'at')::timestamptz, e.entry
FROM ${schema}.instances i, jsonb_array_elements(i.history) WITH ORDINALITY AS e(entry, n);

INSERT INTO ${schema}.history (instance_id, seq, kind, scope, step, data, at)
SELECT i.id, jsonb_array_length(i.history) + 1, 'adopted', '', i.current_step, jsonb_build_object(
    'status', i.status, 'context', i.context, 'step', i.current_step, 'visit', i.step_number, 'action', i.action_index,
    'trigger', jsonb_build_object('record_id', i.record_id), 'initiator', i.actor, 'decider', i.decider,
    'reason', coalesce(i.history -> -1 ->> 'reason', ''), 'waiting', i.waiting, 'needed', 1,
    'deadline', CASE WHEN i.waiting THEN to_jsonb(i.current_step_deadline) END,
    'timers', CASE WHEN i.waiting AND i.current_step_deadline IS NOT NULL
        THEN jsonb_build_object(i.id || '/' || i.step_number || '/0/deadline', to_jsonb(i.current_step_deadline)) END,
    'seats', jsonb_build_array(jsonb_build_object(
        'id', '1', 'label', NULL, 'roles', CASE WHEN i.assignee_role IS NULL THEN '[]'::jsonb
            ELSE jsonb_build_array(i.assignee_role) END,
        'users', '[]'::jsonb, 'anyone', i.assignee_role IS NULL, 'admins', true, 'both', false, 'veto', false,
        'decision', NULL))), i.updated_at
FROM ${schema}.instances i;

INSERT INTO ${schema}.tasks (instance_id, kind, key, due_at)
SELECT i.id, 'timer', i.id || '/' || i.step_number || '/0/deadline', i.current_step_deadline FROM ${schema}.instances i
WHERE i.status = 'running' AND i.waiting AND i.current_step_deadline IS NOT NULL
UNION ALL
SELECT i.id, 'timer', 'pause', i.updated_at FROM ${schema}.instances i WHERE i.status = 'running' AND NOT i.waiting;

INSERT INTO ${schema}.approvals (instance_id, scope, step, visit, roles, users, anyone, admins, barred, deadline, since)
SELECT i.id, '', i.current_step, i.step_number, array_remove(ARRAY[i.assignee_role], NULL), '{}',
    i.assignee_role IS NULL, true, '{}', i.current_step_deadline, i.updated_at
FROM ${schema}.instances i WHERE i.status = 'running' AND i.waiting;

-- The state is the fold of these entries, as services/workflow/machine/folding.py makes it (`adopted`).
UPDATE ${schema}.instances i SET state = jsonb_build_object(
    'status', i.status, 'context', i.context, 'trigger', a.data -> 'trigger', 'initiator', i.actor, 'steps', '{}'::jsonb,
    'deciders', '{}'::jsonb, 'decider', i.decider, 'visits', i.step_number, 'pending', '{}'::jsonb, 'warnings',
    '[]'::jsonb, 'seq', a.seq,
    'timers', CASE WHEN i.status <> 'running' THEN '{}'::jsonb
        WHEN i.waiting AND i.current_step_deadline IS NOT NULL THEN jsonb_build_object(
            i.id || '/' || i.step_number || '/0/deadline',
            jsonb_build_object('at', to_jsonb(i.current_step_deadline), 'scope', ''))
        WHEN i.waiting THEN '{}'::jsonb
        ELSE jsonb_build_object('pause', jsonb_build_object('at', to_jsonb(i.updated_at), 'scope', '')) END,
    'failed', CASE WHEN i.status = 'failed' THEN jsonb_build_object(
        'scope', '', 'step', i.current_step, 'reason', coalesce(i.history -> -1 ->> 'reason', '')) END,
    'frames', CASE WHEN i.status IN ('running', 'failed') AND i.current_step IS NOT NULL THEN jsonb_build_array(
        jsonb_build_object(
            'path', '', 'list_of', '', 'parent', NULL, 'step', i.current_step, 'visit', i.step_number,
            'phase', CASE WHEN i.waiting THEN 'deciding' ELSE 'ready' END, 'action', i.action_index, 'tries', 0,
            'outputs', '[]'::jsonb, 'item', NULL, 'index', NULL, 'last', NULL,
            'data', CASE WHEN i.waiting THEN jsonb_build_object(
                'seats', a.data -> 'seats', 'needed', 1, 'deadline', a.data -> 'deadline', 'escalated', '[]'::jsonb)
                ELSE '{}'::jsonb END)) ELSE '[]'::jsonb END)
FROM ${schema}.history a WHERE a.instance_id = i.id AND a.kind = 'adopted';

UPDATE ${schema}.instances SET seq = jsonb_array_length(history) + 1, history = NULL,
    current_steps = array_remove(ARRAY[current_step], NULL), initiator_id = actor ->> 'id',
    ended_at = CASE WHEN status <> 'running' THEN updated_at END;

DROP INDEX ${schema}.instances_due, ${schema}.instances_waiting;
ALTER TABLE ${schema}.instances
    ALTER COLUMN state SET NOT NULL,
    DROP COLUMN history, DROP COLUMN step_number, DROP COLUMN action_index, DROP COLUMN attempts, DROP COLUMN due_at,
    DROP COLUMN waiting, DROP COLUMN assignee_role, DROP COLUMN decider;
CREATE INDEX instances_cancelling ON ${schema}.instances (record_id) WHERE cancels AND status = 'running';
CREATE INDEX instances_parent ON ${schema}.instances (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX instances_status ON ${schema}.instances (status, created_at DESC, id DESC);

-- Failed instances may be retried, so they follow renames, too; and the records that instances are about.
CREATE OR REPLACE FUNCTION ${schema}.running_definitions() RETURNS TABLE (definition text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE ${schema}.instances IN SHARE ROW EXCLUSIVE MODE;
    RETURN QUERY SELECT DISTINCT coalesce(i.followed, i.definition)::text FROM ${schema}.instances i
        WHERE i.status IN ('running', 'failed');
END $$;
CREATE OR REPLACE FUNCTION ${schema}.follow_rename(
    before text[], after text[], version bigint, entity text, new_name text, fields text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE ${schema}.instances i SET followed = d.after::jsonb, version = i.version + 1
        FROM unnest(follow_rename.before, follow_rename.after) AS d(before, after)
        WHERE i.status IN ('running', 'failed') AND coalesce(i.followed, i.definition) = d.before::jsonb;
    UPDATE ${schema}.instances i SET entity = follow_rename.new_name, version = i.version + 1
        WHERE i.status IN ('running', 'failed') AND i.entity = follow_rename.entity
            AND follow_rename.entity <> follow_rename.new_name;
    INSERT INTO ${schema}.renames (version, entity, new_name, fields)
        VALUES (follow_rename.version, follow_rename.entity, follow_rename.new_name, follow_rename.fields::jsonb);
END $$;
