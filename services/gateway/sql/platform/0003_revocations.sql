-- What every gateway must know of every app, and so lies here, where one look finds it all.

-- Access tokens that end before their time: those of a session or API key, or those of a user issued under a
-- version below `least`. A user's is noted before the change (`least` null) and settled after it.
CREATE TABLE gateway.revocations (
    id      uuid PRIMARY KEY,
    scope   text NOT NULL,
    user_id text NOT NULL DEFAULT '',
    session text NOT NULL DEFAULT '',
    least   bigint,
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX revocations_at ON gateway.revocations (at);

-- Generations of signing keys, of scopes whose keys were ever rotated; the keys themselves derive.
CREATE TABLE gateway.signing_keys (
    scope      text NOT NULL,
    generation int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- null: the present one, which signs
    good_until timestamptz,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (scope, generation)
);
CREATE INDEX signing_keys_changed ON gateway.signing_keys (changed_at);
