-- An import's statement sees the log as it was when it began. A key that somebody has created and removed for good since
-- is free again when its row is inserted, with a version that the log knows already; writes of keys that clients
-- give keep out of one another's way by a lock per key, of which an import would need too many. So it looks again
-- when its rows are there: nobody can have their keys from then on until it ends.
ALTER FUNCTION data.import_records RENAME TO import_unchecked;
REVOKE ALL ON FUNCTION data.import_unchecked FROM rocket_metadata;

-- As data.import_unchecked. Raises lock_not_available where the log has gone on meanwhile: all is to be done again.
CREATE FUNCTION data.import_records(
    batches jsonb, commit uuid, context jsonb, trace uuid, schema bigint
) RETURNS TABLE (number int, added bigint, at_position bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    FOR number, added, at_position IN
        SELECT i.number, i.added, i.at_position FROM data.import_unchecked(batches, commit, context, trace, schema) i
    LOOP
        RETURN NEXT;
    END LOOP;
    -- All batches have one position; null if nothing was added.
    IF EXISTS (
        SELECT FROM data.commits own JOIN data.commits other
            ON other.entity = own.entity AND other.record_id = own.record_id AND other.version >= own.version
        WHERE own.position = at_position AND other.position <> at_position
    ) THEN
        RAISE lock_not_available USING MESSAGE = 'records of these keys have come and gone meanwhile';
    END IF;
END $$;
REVOKE ALL ON FUNCTION data.import_records FROM PUBLIC;
GRANT EXECUTE ON FUNCTION data.import_records TO rocket_metadata;
