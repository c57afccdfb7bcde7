-- Verifications and rebuilds of projections: worked on by whichever replica leases them, in small steps, so that
-- a killed one goes on where it was. `memory` is what the next step has to know, and in the end the result.
CREATE TABLE ${schema}.replays (
    id           uuid PRIMARY KEY DEFAULT uuidv7(),
    projection   text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('verify', 'rebuild')),
    status       text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'running', 'done', 'failed')),
    memory       jsonb NOT NULL DEFAULT '{}',
    error        text,
    requested_by text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz
);
CREATE UNIQUE INDEX replays_unfinished ON ${schema}.replays (projection) WHERE finished_at IS NULL;
CREATE INDEX replays_newest ON ${schema}.replays (projection, kind, id DESC);
