-- Answers to requests that came with an Idempotency-Key, kept for a day; written in the transaction of their effect.
CREATE TABLE ${schema}.idempotency (
    key     bytea PRIMARY KEY,
    request bytea NOT NULL,
    status  int NOT NULL,
    headers jsonb NOT NULL,
    body    bytea NOT NULL,
    at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idempotency_at ON ${schema}.idempotency (at);
