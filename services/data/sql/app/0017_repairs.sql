-- Repairs of log entries that are not what they must be. An entry's seal holds the digest it had when it was written
-- (`sealed`), and no seal is made anew: verification takes an entry whose digest is now `repaired` for the sealed one,
-- if `signature` says that one of our services has repaired it.
CREATE TABLE data.repairs (
    position  bigint NOT NULL,
    n         int NOT NULL,
    sealed    bytea NOT NULL,
    repaired  bytea NOT NULL,
    signature bytea NOT NULL,
    faults    text[] NOT NULL,
    repaired_by text NOT NULL,
    at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (position, n)
);

-- Whether an entry is one by itself: what it must have is there, as an object whose keys are ids of fields.
CREATE FUNCTION data.is_entry(action text, image jsonb, previous jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    document jsonb;
BEGIN
    IF image IS NULL AND action <> 'delete' OR (previous IS NULL) <> (action = 'create') THEN
        RETURN false;
    END IF;
    FOREACH document IN ARRAY ARRAY[image, previous] LOOP
        IF document IS NOT NULL AND (jsonb_typeof(document) <> 'object'
            OR EXISTS (SELECT FROM jsonb_object_keys(document) _k(key) WHERE _k.key !~ '^[0-9]+$')) THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN image IS NULL OR image <> '{}';
END $$;

-- Whether an entry says of the record before it what the record's last entry left; true where nothing can be compared.
CREATE FUNCTION data.follows(action text, image jsonb, previous jsonb, former jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found jsonb := coalesce(image, '{}') || coalesce(previous, '{}');
BEGIN
    IF action = 'create' OR former IS NULL OR jsonb_typeof(former) <> 'object' OR jsonb_typeof(found) <> 'object' THEN
        RETURN true;
    END IF;
    RETURN NOT EXISTS (
        SELECT FROM jsonb_object_keys(former || found) _k(key)
        WHERE coalesce(former -> _k.key, 'null') <> coalesce(found -> _k.key, 'null'));
END $$;

-- Put an image and a previous into an entry that is not what it must be. An entry that is sound, or would not be sound
-- afterwards, is refused with the reason: the log is append-only for all others. Runs as the log's owner; data may only call it.
CREATE FUNCTION data.repair_entry(at_position bigint, at_n int, new_image jsonb, new_previous jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entry  data.commits;
    former jsonb;
BEGIN
    SELECT * INTO STRICT entry FROM data.commits WHERE position = at_position AND n = at_n FOR UPDATE;
    SELECT _c.image INTO former FROM data.commits _c
        WHERE _c.entity = entry.entity AND _c.record_id = entry.record_id AND _c.version = entry.version - 1
        ORDER BY _c.position, _c.n LIMIT 1;
    IF data.is_entry(entry.action, nullif(entry.image, 'null'), nullif(entry.previous, 'null'))
        AND data.follows(entry.action, entry.image, entry.previous, former) THEN
        RETURN 'its image and previous could be those of an entry, and it follows from the version before';
    END IF;
    IF NOT data.is_entry(entry.action, new_image, new_previous)
        OR NOT data.follows(entry.action, new_image, new_previous, former) THEN
        RETURN 'what was worked out does not follow from the version before';
    END IF;
    UPDATE data.commits SET image = new_image, previous = new_previous WHERE position = at_position AND n = at_n;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION data.repair_entry FROM PUBLIC;
