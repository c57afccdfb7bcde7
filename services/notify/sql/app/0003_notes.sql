-- Whom each rule, and each action of a transition, has found for a commit: nothing else tells who had a role, or which
-- address, then. So that it can be proved that everybody was told, and nobody else.
CREATE TABLE ${schema}.notes (
    position  bigint NOT NULL CHECK (position > 0),
    n         int NOT NULL CHECK (n > 0),
    -- rule/<id>, or transition/<number of the action>
    asked_by  text NOT NULL,
    -- one of each per notification: '' where it could not be told to anybody, null for who is no user
    addresses text[] NOT NULL,
    user_ids  text[] NOT NULL,
    PRIMARY KEY (position, n, asked_by),
    CHECK (cardinality(addresses) = cardinality(user_ids))
);

-- Since when: commits that were handled before have none.
CREATE TABLE ${schema}.notes_kept (since timestamptz NOT NULL);
INSERT INTO ${schema}.notes_kept
SELECT CASE WHEN EXISTS (SELECT FROM ${schema}.seen) OR EXISTS (SELECT FROM ${schema}.notifications)
    THEN now() ELSE 'epoch' END;

-- The commit that a notification tells of; null of mails that other services have sent, and of what is older.
ALTER TABLE ${schema}.notifications
    ADD COLUMN position bigint CHECK (position > 0),
    ADD COLUMN n int CHECK (n > 0);
CREATE INDEX notifications_commit ON ${schema}.notifications (position, n) WHERE position IS NOT NULL AND n IS NOT NULL;
-- Those that only a commit can have brought about, and that name none.
CREATE INDEX notifications_stray ON ${schema}.notifications (created_at) WHERE (position IS NULL OR n IS NULL)
    AND (channel = 'in_app' OR metadata ?| ARRAY['rule_id', 'transition']);
