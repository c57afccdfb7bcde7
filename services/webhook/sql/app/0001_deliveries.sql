-- What is to be told to outside endpoints, and how it went.
CREATE TABLE ${schema}.deliveries (
    id              uuid PRIMARY KEY,
    webhook_id      uuid NOT NULL,
    commit_key      text NOT NULL,
    entity          text NOT NULL,
    record_id       text NOT NULL,
    hook            text NOT NULL,
    url             text NOT NULL,
    method          text NOT NULL,
    -- with their templates: values of the environment are never stored
    request_headers json NOT NULL,
    -- json, not jsonb: every attempt sends exactly this text
    request_body    json NOT NULL,
    response_status int,
    response_body   text,
    status          text NOT NULL CHECK (status IN ('pending', 'delivered', 'retrying', 'failed')),
    attempt         int NOT NULL DEFAULT 0,
    max_attempts    int NOT NULL,
    backoff         text NOT NULL,
    next_retry_at   timestamptz,
    error           text,
    idempotency_key text NOT NULL,
    trace_id        text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    -- when to send; null: not again by itself
    due_at          timestamptz,
    -- until then an attempt is under way somewhere; null when due_at is
    claimed_until   timestamptz,
    -- one delivery per webhook and commit, for ever
    UNIQUE (webhook_id, commit_key)
);
CREATE INDEX deliveries_ready ON ${schema}.deliveries (webhook_id, greatest(due_at, claimed_until))
    WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_newest ON ${schema}.deliveries (webhook_id, id DESC);
