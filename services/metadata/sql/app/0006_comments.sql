-- The records of the built-in entity of comments (libs/shared/schema/comments.py), as an operator's would be made.
CREATE TABLE records._comments (
    id         uuid,
    entity     integer,
    record_id  text,
    parent_id  uuid,
    user_id    text,
    user_email text,
    body       text,
    mentions   jsonb,
    notified   jsonb,
    edited     boolean,
    deleted    boolean,
    created_at timestamptz,
    updated_at timestamptz,
    deleted_at timestamptz,
    _version   bigint NOT NULL,
    CONSTRAINT _p_0 PRIMARY KEY (id)
);
-- The comments of a record, in their order.
CREATE INDEX _comments_record ON records._comments (entity, record_id, created_at NULLS FIRST, id) WHERE deleted_at IS NULL;
-- The replies to a comment.
CREATE INDEX _comments_parent ON records._comments (parent_id) WHERE deleted_at IS NULL;
