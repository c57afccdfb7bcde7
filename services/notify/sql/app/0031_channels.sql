-- Channels have definitions and names now, and types beside them.
ALTER TABLE ${schema}.notifications DROP CONSTRAINT notifications_channel_check;
ALTER TABLE ${schema}.notifications DROP CONSTRAINT notifications_status_check;
ALTER TABLE ${schema}.notifications
    ADD COLUMN type text NOT NULL DEFAULT '',
    -- mail, rule, transition, workflow, mention, digest or test
    ADD COLUMN origin text NOT NULL DEFAULT 'mail',
    -- a part of a page; '' where the text is all there is
    ADD COLUMN html text NOT NULL DEFAULT '',
    -- why it was not sent
    ADD COLUMN reason text,
    -- those of one key go out together when they are due
    ADD COLUMN hold text,
    -- the one that it has gone into
    ADD COLUMN digest_id uuid,
    ADD COLUMN archived_at timestamptz;
UPDATE ${schema}.notifications SET type = channel, status = CASE status WHEN 'retrying' THEN 'pending' ELSE status END,
    origin = CASE WHEN metadata ? 'rule_id' THEN 'rule' WHEN metadata ? 'transition' THEN 'transition'
        WHEN metadata ? 'workflow' THEN 'workflow' WHEN metadata ? 'comment_id' THEN 'mention' ELSE 'mail' END;
ALTER TABLE ${schema}.notifications
    ADD CONSTRAINT notifications_status_check CHECK (status IN ('pending', 'sent', 'failed', 'skipped', 'digested'));
CREATE INDEX notifications_held ON ${schema}.notifications (hold) WHERE hold IS NOT NULL AND due_at IS NOT NULL;
DROP INDEX ${schema}.notifications_inbox;
CREATE INDEX notifications_inbox ON ${schema}.notifications (user_id, id DESC)
    WHERE type = 'in_app' AND status = 'sent';
-- New ones of an inbox, for its live stream.
CREATE INDEX notifications_arrived ON ${schema}.notifications (user_id, created_at)
    WHERE type = 'in_app' AND status = 'sent';
-- What rules tell of events and workflows comes from no commit.
DROP INDEX ${schema}.notifications_stray;
CREATE INDEX notifications_stray ON ${schema}.notifications (created_at) WHERE (position IS NULL OR n IS NULL)
    AND (channel = 'in_app' OR metadata ?| ARRAY['rule_id', 'transition'])
    AND origin NOT IN ('workflow', 'digest', 'test') AND NOT metadata ?| ARRAY['event', 'workflow'];

-- The locale of each receiver whom a rule has found, as templates have variants: null where none was chosen.
ALTER TABLE ${schema}.notes ADD COLUMN locales text[];

-- Each attempt to send something, and what has come of it.
CREATE TABLE ${schema}.attempts (
    notification_id uuid NOT NULL REFERENCES ${schema}.notifications ON DELETE CASCADE,
    number          int NOT NULL,
    at              timestamptz NOT NULL,
    outcome         text NOT NULL,
    error           text,
    PRIMARY KEY (notification_id, number)
);

-- How users want to be notified.
CREATE TABLE ${schema}.preferences (
    user_id    text PRIMARY KEY,
    document   jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- When the last mail of a rule went to a person at once; its further ones of the same minute go out together.
CREATE TABLE ${schema}.bursts (
    key       text PRIMARY KEY,
    opened_at timestamptz NOT NULL
);
