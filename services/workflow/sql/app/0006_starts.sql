-- Instances are started by commits, events, schedules and people. `commit_key` is what a workflow is started by once:
-- <position>.<n> of a commit, event/…, schedule/…, manual/…. Only those of commits are verified against the log.
DROP INDEX ${schema}.instances_commit;
CREATE INDEX instances_commit ON ${schema}.instances (
    (CASE WHEN commit_key ~ '^[0-9]' THEN split_part(commit_key, '.', 1)::bigint END),
    (CASE WHEN commit_key ~ '^[0-9]' THEN split_part(commit_key, '.', 2)::int END)
);

-- Workflows that a time table starts. Metadata's signals keep them as the definitions say.
CREATE TABLE ${schema}.schedules (
    workflow_id   uuid PRIMARY KEY,
    cron          text NOT NULL,
    timezone      text NOT NULL,
    -- the next time; null: it never comes again
    next_at       timestamptz,
    -- the time that has come and whose records are being paged through, and the cursor of the next page
    firing_at     timestamptz,
    after         text NOT NULL DEFAULT '',
    -- until then a replica works on it
    claimed_until timestamptz
);
CREATE INDEX schedules_due ON ${schema}.schedules (greatest(next_at, claimed_until)) WHERE next_at IS NOT NULL;

-- Who decides in whose place, and until when.
CREATE TABLE ${schema}.delegations (
    id           uuid PRIMARY KEY,
    from_id      text NOT NULL,
    from_email   text NOT NULL,
    to_id        text NOT NULL,
    to_email     text NOT NULL,
    from_time    timestamptz NOT NULL,
    until        timestamptz NOT NULL,
    -- null: all workflows
    workflow_ids text[],
    reason       text,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL,
    CHECK (from_id <> to_id AND until > from_time)
);
CREATE INDEX delegations_to ON ${schema}.delegations (to_id, until);
CREATE INDEX delegations_from ON ${schema}.delegations (from_id, until);
