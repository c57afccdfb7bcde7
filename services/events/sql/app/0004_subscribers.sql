-- Who reads the app's public streams from outside, over NATS.
CREATE TABLE events.subscribers (
    id            text PRIMARY KEY,
    name          text NOT NULL UNIQUE,
    streams       text[] NOT NULL,
    entities      text[] NOT NULL,
    expires_at    timestamptz,
    password_hash bytea NOT NULL,
    created_by    text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
