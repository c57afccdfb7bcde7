-- Spans, signals and business events, a partition per day (UTC) so that old days go in one stroke.

CREATE TABLE ${schema}.events (
    id             uuid NOT NULL DEFAULT uuidv7(),
    trace_id       uuid,
    span_id        uuid,
    parent_span_id uuid,
    event_type     text NOT NULL,
    source         text NOT NULL,
    component      text NOT NULL,
    action         text NOT NULL,
    entity         text,
    record_id      text,
    user_id        text,
    duration_ms    double precision,
    status         text NOT NULL,
    metadata       jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL
) PARTITION BY RANGE (created_at);
CREATE INDEX events_trace ON ${schema}.events (trace_id);
CREATE INDEX events_entity ON ${schema}.events (entity, created_at DESC);
CREATE INDEX events_created ON ${schema}.events (created_at DESC);
CREATE INDEX events_source ON ${schema}.events (event_type, source);

-- The partition of a day, made if there is none. It is built aside and attached: that lock lets
-- readers and writers of the other days go on.
CREATE FUNCTION ${schema}.ensure_day(day date) RETURNS void LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    partition text := 'events_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF to_regclass('${schema}.' || partition) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('${schema}.ensure_day'));
    IF to_regclass('${schema}.' || partition) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE ${schema}.%I (LIKE ${schema}.events INCLUDING DEFAULTS)', partition);
    EXECUTE format(
        'ALTER TABLE ${schema}.events ATTACH PARTITION ${schema}.%I FOR VALUES FROM (%L) TO (%L)',
        partition, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC'
    );
END
$$;

-- Drops the partitions of all days before `day`; answers how many there were.
CREATE FUNCTION ${schema}.drop_days_before(day date) RETURNS int LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    partition text;
    dropped int := 0;
BEGIN
    FOR partition IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = '${schema}.events'::regclass AND c.relname < 'events_' || to_char(day, 'YYYYMMDD')
        ORDER BY 1
    LOOP
        EXECUTE format('DROP TABLE ${schema}.%I', partition);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
