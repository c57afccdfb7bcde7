-- One-time tickets that open live streams for browsers: hashes only, good for seconds.
CREATE TABLE gateway.live_tickets (
    hash       bytea PRIMARY KEY,
    session    jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);
