-- The commit log: one row per changed record, written in the transaction of the change; append-only.
-- `position` is one per transaction and taken last; `n` counts the records of a transaction.
-- `image` is the whole record afterwards, `previous` the old values of what was set, both by field id.
CREATE SEQUENCE data.position;
CREATE TABLE data.commits (
    position       bigint NOT NULL,
    n              int NOT NULL,
    commit_id      uuid NOT NULL,
    entity         int NOT NULL,
    record_id      text NOT NULL,
    version        bigint NOT NULL,
    action         text NOT NULL,
    image          jsonb,
    previous       jsonb,
    context        jsonb NOT NULL,
    effects        jsonb,
    effect_key     text,
    trace_id       uuid NOT NULL,
    schema_version bigint NOT NULL,
    at             timestamptz NOT NULL,
    PRIMARY KEY (position, n)
) PARTITION BY RANGE (position);
-- lz4 decompresses several times faster than pglz; servers built without it keep pglz.
DO $$ BEGIN
    ALTER TABLE data.commits ALTER COLUMN image SET COMPRESSION lz4, ALTER COLUMN previous SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'this server has no lz4';
END $$;
CREATE INDEX commits_record ON data.commits (entity, record_id, version);

-- Partitions of ten million positions; made ahead of need by the relay.
CREATE FUNCTION data.prepare_partitions(reached bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    size  constant bigint := 10000000;
    first bigint := reached / size;
BEGIN
    FOR number IN first .. first + 1 LOOP
        IF to_regclass(format('data.commits_%s', number)) IS NULL THEN
            EXECUTE format('CREATE TABLE IF NOT EXISTS data.commits_%s PARTITION OF data.commits FOR VALUES FROM (%s) TO (%s)',
                           number, number * size, (number + 1) * size);
        END IF;
    END LOOP;
END $$;
SELECT data.prepare_partitions(0);

-- Effects asked for by other services: each key is honoured once, for ever.
CREATE TABLE data.effects (
    effect_key text PRIMARY KEY,
    position   bigint NOT NULL DEFAULT 0,
    at         timestamptz NOT NULL DEFAULT now()
);
