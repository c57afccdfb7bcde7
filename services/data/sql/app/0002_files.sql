-- Uploaded files; their bytes lie in the storage that the gateway writes to.
CREATE TABLE data.files (
    id          uuid PRIMARY KEY,
    filename    text NOT NULL,
    mime_type   text NOT NULL,
    size        bigint NOT NULL,
    uploaded_by uuid,
    created_at  timestamptz NOT NULL DEFAULT now()
);
