-- Answers to requests about apps that came with an Idempotency-Key, kept for a day.
CREATE TABLE metadata.idempotency (
    key     bytea PRIMARY KEY,
    request bytea NOT NULL,
    status  int NOT NULL,
    headers jsonb NOT NULL,
    body    bytea NOT NULL,
    at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idempotency_at ON metadata.idempotency (at);
