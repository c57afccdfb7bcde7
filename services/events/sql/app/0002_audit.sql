-- One row per changed record, in the order of the commit log, for as long as the log is kept.

CREATE TABLE ${schema}.audit_logs (
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
    PRIMARY KEY (position, n)
);
CREATE INDEX audit_logs_record ON ${schema}.audit_logs (entity, record_id, "timestamp" DESC);
CREATE INDEX audit_logs_user ON ${schema}.audit_logs (user_id, "timestamp" DESC);
CREATE INDEX audit_logs_time ON ${schema}.audit_logs ("timestamp" DESC);
