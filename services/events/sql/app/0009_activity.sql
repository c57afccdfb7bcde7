-- What has happened to records, derived from the commit log: one row per thing to be told. It has no values: these are read
-- from the log, with the permissions of who asks. What workflow instances do is read from their own history.
CREATE TABLE events.activity (
    position   bigint NOT NULL,
    n          int NOT NULL,
    -- among the rows of one entry: an update that moves states and sets other fields has several
    sub        int NOT NULL,
    id         uuid NOT NULL,
    entity     text NOT NULL,
    record_id  text NOT NULL,
    type       text NOT NULL,
    -- the field of a state_change
    field      text,
    comment_id text,
    at         timestamptz NOT NULL,
    PRIMARY KEY (position, n, sub)
);
CREATE INDEX activity_record ON events.activity (entity, record_id, at DESC, id DESC);
-- Nearly all rows are updates, so that a record's few others would be looked for among thousands.
CREATE INDEX activity_type ON events.activity (entity, record_id, type, at DESC, id DESC) WHERE type <> 'field_update';
