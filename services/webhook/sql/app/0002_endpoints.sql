-- Deliveries by the endpoint they go to, and how each endpoint is.
ALTER TABLE ${schema}.deliveries
    -- whose turn it is: a webhook's id, or for actions of workflows and transitions the origin of their URL
    ADD COLUMN endpoint     text,
    ADD COLUMN origin       text NOT NULL DEFAULT 'commit' CHECK (origin IN ('commit', 'replay', 'test', 'question')),
    -- a later delivery of the same record waits for this one
    ADD COLUMN ordered      boolean NOT NULL DEFAULT false,
    ADD COLUMN seq          bigint GENERATED ALWAYS AS IDENTITY,
    -- the last attempt; those before it are in `attempts`
    ADD COLUMN attempted_at timestamptz,
    ADD COLUMN duration_ms  int;
UPDATE ${schema}.deliveries SET endpoint = webhook_id::text;
ALTER TABLE ${schema}.deliveries ALTER COLUMN endpoint SET NOT NULL;

DROP INDEX ${schema}.deliveries_ready;
CREATE INDEX deliveries_ready ON ${schema}.deliveries (endpoint, greatest(due_at, claimed_until), seq)
    WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_in_order ON ${schema}.deliveries (endpoint, entity, record_id, seq)
    WHERE ordered AND due_at IS NOT NULL;

-- What came of earlier attempts of a delivery.
CREATE TABLE ${schema}.attempts (
    delivery_id     uuid NOT NULL REFERENCES ${schema}.deliveries ON DELETE CASCADE,
    attempt         int NOT NULL,
    at              timestamptz NOT NULL,
    duration_ms     int,
    response_status int,
    response_body   text,
    error           text,
    PRIMARY KEY (delivery_id, attempt)
);

-- How endpoints are that are not simply well; one that is has no row, or one with no failures.
CREATE TABLE ${schema}.endpoints (
    endpoint      text PRIMARY KEY,
    -- what is said here is about this URL; another one begins anew
    url           text NOT NULL,
    circuit       text NOT NULL DEFAULT 'closed' CHECK (circuit IN ('closed', 'open', 'half_open', 'disabled')),
    -- in a row: failures that speak against the endpoint, and openings of the circuit
    failures      int NOT NULL DEFAULT 0,
    openings      int NOT NULL DEFAULT 0,
    -- since when nothing has been delivered
    failing_since timestamptz,
    -- nothing is sent before
    hold_until    timestamptz,
    last_error    text
);

-- What rotated secrets derive from; the first one of a webhook needs none.
CREATE TABLE ${schema}.secrets (
    webhook_id uuid PRIMARY KEY,
    salt       text NOT NULL,
    -- rotated ones that are still good: [[salt, until], …]
    previous   jsonb NOT NULL DEFAULT '[]'
);

-- Ranges of the log that are derived again, and how far that is.
CREATE TABLE ${schema}.redeliveries (
    id          uuid PRIMARY KEY,
    webhook_id  uuid NOT NULL,
    -- positions, both ends belong
    first       bigint NOT NULL,
    last        bigint NOT NULL,
    -- the last log entry that was looked at
    position    bigint NOT NULL,
    n           int NOT NULL DEFAULT 0,
    deliveries  bigint NOT NULL DEFAULT 0,
    status      text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done', 'failed')),
    error       text,
    created_by  text NOT NULL,
    trace_id    text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX redeliveries_running ON ${schema}.redeliveries (id) WHERE status = 'running';
CREATE INDEX redeliveries_newest ON ${schema}.redeliveries (webhook_id, id DESC);
