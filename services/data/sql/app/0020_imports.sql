-- Jobs that import a file, or take the commits of an import back. Progress is written in the transaction of each commit.
CREATE TABLE data.imports (
    id            uuid PRIMARY KEY,
    kind          text NOT NULL,
    undoes        uuid UNIQUE REFERENCES data.imports ON DELETE CASCADE,
    entity        int NOT NULL,
    status        text NOT NULL DEFAULT 'queued',
    file_id       uuid,
    dry_run       boolean NOT NULL DEFAULT false,
    options       jsonb NOT NULL,
    owner         jsonb NOT NULL,
    origin        jsonb NOT NULL,
    rows          bigint,
    done          bigint NOT NULL DEFAULT 0,
    created       bigint NOT NULL DEFAULT 0,
    updated       bigint NOT NULL DEFAULT 0,
    refused       bigint NOT NULL DEFAULT 0,
    undone        bigint NOT NULL DEFAULT 0,
    effects       jsonb,
    error         jsonb,
    attempts      int NOT NULL DEFAULT 0,
    claim         uuid,
    claimed_until timestamptz,
    due_at        timestamptz NOT NULL DEFAULT now(),
    created_at    timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    finished_at   timestamptz
);
CREATE INDEX imports_open ON data.imports (due_at) WHERE status IN ('queued', 'running');
CREATE INDEX imports_of_entity ON data.imports (entity, id DESC);
CREATE INDEX imports_ended ON data.imports (finished_at) WHERE finished_at IS NOT NULL;

-- The commits of an import: `first` is the number of rows before its batch.
CREATE TABLE data.import_commits (
    import    uuid NOT NULL REFERENCES data.imports ON DELETE CASCADE,
    first     bigint NOT NULL,
    rows      int NOT NULL,
    commit_id uuid NOT NULL,
    undone    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (import, first)
);

-- Rows that were refused: `row` as the file counts them, `cells` as they stand in the file.
CREATE TABLE data.import_refusals (
    import  uuid NOT NULL REFERENCES data.imports ON DELETE CASCADE,
    row     bigint NOT NULL,
    reasons jsonb NOT NULL,
    cells   jsonb NOT NULL,
    PRIMARY KEY (import, row)
);

-- Values that may occur once in a file, by their hashes; gone when the job is done.
CREATE TABLE data.import_values (
    import uuid NOT NULL REFERENCES data.imports ON DELETE CASCADE,
    field  text NOT NULL,
    hash   uuid NOT NULL,
    row    bigint NOT NULL,
    PRIMARY KEY (import, field, hash)
);
