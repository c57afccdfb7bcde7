-- The users of an app and their sessions.
CREATE TABLE gateway.users (
    id            uuid PRIMARY KEY,
    email         text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    roles         text[] NOT NULL DEFAULT '{}',
    active        boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);

-- Refresh tokens: hashes only; one family per login, so that the reuse of a token can end it.
CREATE TABLE gateway.refresh_tokens (
    token_hash bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES gateway.users (id) ON DELETE CASCADE,
    family     uuid NOT NULL,
    issued_at  timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX refresh_tokens_family ON gateway.refresh_tokens (family);
CREATE INDEX refresh_tokens_user ON gateway.refresh_tokens (user_id);
