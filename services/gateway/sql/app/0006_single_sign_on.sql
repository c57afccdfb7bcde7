-- Providers of identities. `secrets` are encrypted; `config` holds none.
CREATE TABLE gateway.auth_providers (
    id         uuid PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    type       text NOT NULL,
    active     boolean NOT NULL,
    document   jsonb NOT NULL,
    secrets    bytea NOT NULL,
    version    bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Who somebody is at a provider. `granted` are the roles that they have by its mapping, and by nothing else.
CREATE TABLE gateway.external_identities (
    provider      uuid NOT NULL REFERENCES gateway.auth_providers (id) ON DELETE CASCADE,
    subject       text NOT NULL,
    user_id       uuid NOT NULL REFERENCES gateway.users (id) ON DELETE CASCADE,
    granted       text[] NOT NULL DEFAULT '{}',
    -- whether the mapping has given its roles once
    synchronized  boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_login_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, subject)
);
CREATE INDEX external_identities_user ON gateway.external_identities (user_id);

-- By which login at a provider a session was begun. `data` is what its logout needs, encrypted.
CREATE TABLE gateway.provider_sessions (
    session  uuid PRIMARY KEY REFERENCES gateway.sessions (id) ON DELETE CASCADE,
    provider uuid NOT NULL REFERENCES gateway.auth_providers (id) ON DELETE CASCADE,
    subject  text NOT NULL,
    sid      text NOT NULL DEFAULT '',
    data     bytea NOT NULL,
    -- when the provider was last asked whether it goes on
    asked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX provider_sessions_subject ON gateway.provider_sessions (provider, subject);

-- Logins that are proved, until the browser exchanges its code (of which the SHA-256 is kept) for a session.
CREATE TABLE gateway.sso_codes (
    hash       bytea PRIMARY KEY,
    provider   uuid NOT NULL REFERENCES gateway.auth_providers (id) ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES gateway.users (id) ON DELETE CASCADE,
    version    bigint NOT NULL,
    data       bytea NOT NULL,
    expires_at timestamptz NOT NULL
);

-- What may be used once (states, assertions, logout tokens; as SHA-256), until it would have expired anyway.
CREATE TABLE gateway.sso_used (
    key        bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sso_used_expires ON gateway.sso_used (expires_at);

-- The last login at each provider, for who sets it up: outcome and claims, encrypted.
CREATE TABLE gateway.last_sso_logins (
    provider uuid PRIMARY KEY REFERENCES gateway.auth_providers (id) ON DELETE CASCADE,
    at       timestamptz NOT NULL DEFAULT now(),
    data     bytea NOT NULL
);
