-- Which apps there are. The id is for ever; the name can be used again after a deletion.
CREATE TABLE metadata.apps (
    id           uuid PRIMARY KEY,
    name         text NOT NULL UNIQUE,
    display_name text NOT NULL,
    database     text NOT NULL UNIQUE,
    driver       text NOT NULL,
    status       text NOT NULL CHECK (status IN ('creating', 'active', 'deleting')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
