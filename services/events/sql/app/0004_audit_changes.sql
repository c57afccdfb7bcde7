-- The audit of what is no record (users, invites, keys, definitions): one row per signal that tells of a change,
-- numbered by the log of its service. Beside audit_logs, which the commit log proves and makes anew.
CREATE TABLE ${schema}.audit_changes (
    source         text NOT NULL,
    position       bigint NOT NULL,
    n              int NOT NULL,
    id             uuid NOT NULL,
    entity         text NOT NULL,
    record_id      text NOT NULL,
    version        bigint NOT NULL,
    action         text NOT NULL,
    old_data       jsonb,
    new_data       jsonb,
    changed_fields jsonb NOT NULL,
    user_id        text,
    user_email     text,
    ip_address     text,
    trace_id       text,
    "timestamp"    timestamptz NOT NULL,
    PRIMARY KEY (source, position)
);
CREATE INDEX audit_changes_record ON ${schema}.audit_changes (entity, record_id, "timestamp" DESC);
CREATE INDEX audit_changes_user ON ${schema}.audit_changes (user_id, "timestamp" DESC);
CREATE INDEX audit_changes_time ON ${schema}.audit_changes ("timestamp" DESC);
