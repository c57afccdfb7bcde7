-- A consumer of signals is somewhere in the outbox of each service; one of commits in data's log.
ALTER TABLE bus.progress ADD COLUMN source text NOT NULL DEFAULT 'data';
ALTER TABLE bus.progress DROP CONSTRAINT progress_pkey, ADD PRIMARY KEY (durable, app_id, source);
