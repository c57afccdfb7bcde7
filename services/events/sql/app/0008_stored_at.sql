-- When an event was stored, which is later than when it was created: new ones are found by it. now() is the same for all
-- rows of a transaction, so COPY still inserts them by the hundred; a BRIN index costs next to nothing, as rows are appended.
ALTER TABLE events.events ADD COLUMN stored_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX events_stored ON events.events USING brin (stored_at) WITH (pages_per_range = 8);
