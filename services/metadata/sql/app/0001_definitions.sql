-- The schema version: one row, raised in the transaction of every change. Statements of the data
-- service carry the version they were compiled for and come back empty-handed when it has moved on.
CREATE TABLE metadata.schema_version (version bigint NOT NULL);
INSERT INTO metadata.schema_version VALUES (1);
GRANT SELECT ON metadata.schema_version TO rocket_data;

-- All definitions of all kinds. `ids` holds an entity's field ids: {name: {id, definition}}.
CREATE TABLE metadata.definitions (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    kind       text NOT NULL,
    number     int GENERATED ALWAYS AS IDENTITY UNIQUE,
    key        text,
    document   json NOT NULL,
    ids        jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE UNIQUE INDEX definitions_key ON metadata.definitions (kind, key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX definitions_table ON metadata.definitions ((document ->> 'table'))
    WHERE kind = 'entities' AND deleted_at IS NULL;

-- Who changed which definition to what; appended only.
CREATE TABLE metadata.history (
    version       bigint PRIMARY KEY,
    kind          text NOT NULL,
    definition_id uuid,
    action        text NOT NULL,
    document      json,
    actor         jsonb NOT NULL,
    trace_id      uuid NOT NULL,
    at            timestamptz NOT NULL DEFAULT now()
);
