-- A change of a user that must end access tokens raises the version, which tokens carry.
ALTER TABLE gateway.users ADD COLUMN version bigint NOT NULL DEFAULT 1;

-- A session is what a login begins; its refresh tokens are its family.
CREATE TABLE gateway.sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES gateway.users (id) ON DELETE CASCADE,
    via          text NOT NULL DEFAULT 'password',
    ip           text NOT NULL DEFAULT '',
    user_agent   text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX sessions_user ON gateway.sessions (user_id, last_used_at DESC);
INSERT INTO gateway.sessions (id, user_id, created_at, last_used_at, expires_at)
SELECT family, min(user_id::text)::uuid, min(issued_at), max(issued_at), max(expires_at)
FROM gateway.refresh_tokens GROUP BY family;
ALTER TABLE gateway.refresh_tokens ADD FOREIGN KEY (family) REFERENCES gateway.sessions (id) ON DELETE CASCADE;

-- Second factors: the secret is encrypted; `last_step` is the time step of the last code, so that none is used twice.
CREATE TABLE gateway.totp (
    user_id      uuid PRIMARY KEY REFERENCES gateway.users (id) ON DELETE CASCADE,
    secret       bytea NOT NULL,
    last_step    bigint NOT NULL DEFAULT 0,
    confirmed_at timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now()
);

-- One-time codes for who has lost the device; SHA-256 of 80 random bits.
CREATE TABLE gateway.recovery_codes (
    user_id uuid NOT NULL REFERENCES gateway.users (id) ON DELETE CASCADE,
    hash    bytea NOT NULL,
    PRIMARY KEY (user_id, hash)
);

-- How often logins have failed of late, per account and address, account, and address (as SHA-256).
-- Of no use after a crash, so not logged.
CREATE UNLOGGED TABLE gateway.attempts (
    key           bytea PRIMARY KEY,
    failures      int NOT NULL DEFAULT 0,
    blocked_until timestamptz NOT NULL DEFAULT 'epoch',
    at            timestamptz NOT NULL DEFAULT now(),
    -- when a login with this account from this address last succeeded
    known_at      timestamptz NOT NULL DEFAULT 'epoch'
);
CREATE INDEX attempts_at ON gateway.attempts (at);
