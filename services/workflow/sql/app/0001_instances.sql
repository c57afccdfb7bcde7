-- Running and ended workflows, each with the definition it began with.

CREATE TABLE ${schema}.instances (
    id                    uuid PRIMARY KEY,
    workflow_id           uuid NOT NULL,
    workflow_name         text NOT NULL,
    definition            jsonb NOT NULL,
    status                text NOT NULL CHECK (status IN ('running', 'completed', 'failed', 'cancelled')),
    current_step          text,
    current_step_deadline timestamptz,
    context               jsonb NOT NULL,
    history               jsonb NOT NULL DEFAULT '[]',
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,

    -- what started it
    entity                text NOT NULL,
    record_id             text NOT NULL,
    commit_key            text NOT NULL,
    actor                 jsonb NOT NULL,
    trace_id              text NOT NULL,
    cause_depth           int NOT NULL,

    -- where the engine stands; step_number and action_index name an effect
    step_number           int NOT NULL,
    action_index          int NOT NULL,
    attempts              int NOT NULL,
    -- waits for a decision, by somebody with this role (null: by anybody)
    waiting               boolean NOT NULL,
    assignee_role         text,
    -- when there is something to do; pushed ahead while a replica does it
    due_at                timestamptz,
    -- counts changes: who saw an older one has been overtaken
    version               int NOT NULL DEFAULT 1,

    UNIQUE (workflow_id, commit_key)
);
CREATE INDEX instances_due ON ${schema}.instances (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX instances_waiting ON ${schema}.instances (created_at) WHERE waiting;
CREATE INDEX instances_created ON ${schema}.instances (created_at DESC, id DESC);
CREATE INDEX instances_record ON ${schema}.instances (record_id);
