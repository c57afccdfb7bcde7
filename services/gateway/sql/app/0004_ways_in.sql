-- Ways in besides a password: invites, forgotten passwords, API keys. Of each secret only the SHA-256 is kept.

CREATE TABLE gateway.invites (
    id          uuid PRIMARY KEY,
    email       text NOT NULL,
    roles       text[] NOT NULL DEFAULT '{}',
    token_hash  bytea NOT NULL UNIQUE,
    invited_by  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    accepted_at timestamptz
);
CREATE INDEX invites_email ON gateway.invites (email);

CREATE TABLE gateway.password_resets (
    token_hash bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES gateway.users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX password_resets_user ON gateway.password_resets (user_id);

-- `scopes` null: not narrowed. `last_used_at` is written now and then.
CREATE TABLE gateway.api_keys (
    id           uuid PRIMARY KEY,
    name         text NOT NULL,
    prefix       text NOT NULL,
    hash         bytea NOT NULL UNIQUE,
    roles        text[] NOT NULL DEFAULT '{}',
    scopes       jsonb,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    last_used_at timestamptz
);
