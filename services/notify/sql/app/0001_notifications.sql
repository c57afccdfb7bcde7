-- What people are told: mails with how their sending went, and everybody's inbox.
CREATE TABLE ${schema}.notifications (
    id            uuid PRIMARY KEY,
    -- the channel's definition, where there is one; without it mails go through the platform's server
    channel_id    uuid,
    channel       text NOT NULL CHECK (channel IN ('email', 'in_app')),
    -- addresses joined by ", "; of an in_app one the user's, for people to read
    recipient     text NOT NULL,
    user_id       text,
    subject       text NOT NULL,
    body          text NOT NULL,
    status        text NOT NULL CHECK (status IN ('pending', 'sent', 'retrying', 'failed')),
    metadata      jsonb NOT NULL,
    entity        text,
    record_id     text,
    attempt       int NOT NULL DEFAULT 0,
    next_retry_at timestamptz,
    error         text,
    trace_id      text NOT NULL,
    -- SHA-256 of what brought it about; one notification each, for ever
    effect_key    text NOT NULL UNIQUE,
    created_at    timestamptz NOT NULL DEFAULT now(),
    sent_at       timestamptz,
    read_at       timestamptz,
    -- when to send; null: not again by itself
    due_at        timestamptz,
    -- until then an attempt is under way somewhere; null when due_at is
    claimed_until timestamptz
);
CREATE INDEX notifications_ready ON ${schema}.notifications (greatest(due_at, claimed_until))
    WHERE due_at IS NOT NULL;
CREATE INDEX notifications_inbox ON ${schema}.notifications (user_id, id DESC)
    WHERE channel = 'in_app' AND status = 'sent';
