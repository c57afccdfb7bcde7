-- What every service keeps in every app database to take part in the bus.

-- Events already handled; written in the transaction of their effect.
CREATE TABLE ${schema}.seen (
    consumer text NOT NULL,
    key      text NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, key)
);
CREATE INDEX seen_at ON ${schema}.seen USING brin (at);

-- Events that could not be handled, and those of the same record behind them, in order.
CREATE TABLE ${schema}.dead_letters (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer   text NOT NULL,
    record_key text NOT NULL,
    key        text NOT NULL,
    subject    text NOT NULL,
    headers    jsonb NOT NULL,
    payload    text NOT NULL,
    error      text NOT NULL,
    attempts   int NOT NULL,
    parked_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (consumer, key)
);
CREATE INDEX dead_letters_record ON ${schema}.dead_letters (consumer, record_key);

-- The service's own events, committed together with what they tell of; its relay publishes them.
CREATE SEQUENCE ${schema}.outbox_position;
CREATE TABLE ${schema}.outbox (
    position    bigint PRIMARY KEY,
    what        text NOT NULL,
    subject_key text NOT NULL,
    trace_id    text NOT NULL,
    data        jsonb NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- How far the relay has published, for when the stream has forgotten.
CREATE TABLE ${schema}.relayed (position bigint NOT NULL);
INSERT INTO ${schema}.relayed VALUES (0);
