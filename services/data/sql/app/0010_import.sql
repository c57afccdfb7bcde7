-- The one way in which another service writes records: metadata calls this within the transaction that
-- imports definitions, so that definitions and their sample records come together or not at all. It runs
-- as the data service (SECURITY DEFINER), since only that may append to the log; metadata may call it
-- and may do nothing else here.
--
-- `batches` is a list of {number, table, key, columns, image, rows}: the number that the log knows the
-- entity (or relation) by, its table in schema records, the columns of its key, the columns that the rows
-- bring values for, the images' keys with the column of each, and the rows as JSON objects by column.
-- Values must have been checked before. Rows whose key is taken are left out. All others become one commit:
-- one position, taken when all rows are there, entries as services/data/writes writes them for a creation.
-- Answers how many records each number got.
CREATE FUNCTION data.import_records(
    batches jsonb, commit uuid, context jsonb, trace uuid, schema bigint
) RETURNS TABLE (number int, added bigint, at_position bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    batch    jsonb;
    place    int := 0;
    inserts  text[] := '{}';
    counts   text[] := '{}';
    entries  text[] := '{}';
    names    text;
    given    text;
    keys     text;
    own_key  text;
    new_key  text;
    known    text;
    pairs    text;
BEGIN
    FOR batch IN SELECT b.value FROM jsonb_array_elements(batches) b LOOP
        SELECT string_agg(format('%I', c.value), ', '), string_agg(format('r.%I', c.value), ', ')
            INTO names, given FROM jsonb_array_elements_text(batch -> 'columns') c;
        SELECT string_agg(format('%I', c.value), ', '), string_agg(format('r.%I', c.value), ', '),
               string_agg(format('a.%I', c.value), ', '), string_agg(format('x.%1$I = r.%1$I', c.value), ' AND ')
            INTO keys, own_key, new_key, known FROM jsonb_array_elements_text(batch -> 'key') c;
        SELECT string_agg(format('a.%I AS %I', i.value, i.key), ', ')
            INTO pairs FROM jsonb_each_text(batch -> 'image') i;
        inserts := inserts || format(
            'b%1$s AS (INSERT INTO records.%2$I (%3$s, _version) '
            'SELECT %4$s, coalesce((SELECT max(c.version) FROM data.commits c '
            'WHERE c.entity = %5$s AND c.record_id = concat_ws('','', %6$s)), 0) + 1 '
            'FROM jsonb_populate_recordset(NULL::records.%2$I, $1 -> %1$s -> ''rows'') r '
            'WHERE NOT EXISTS (SELECT FROM records.%2$I x WHERE %8$s) '
            'ON CONFLICT (%7$s) DO NOTHING RETURNING *)',
            place, batch ->> 'table', names, given, (batch ->> 'number')::int, own_key, keys, known);
        counts := counts || format('SELECT count(*) AS n FROM b%s', place);
        entries := entries || format(
            'SELECT %s AS entity, concat_ws('','', %s) AS record_id, a._version AS version, '
            '(SELECT to_jsonb(i) FROM (SELECT %s) i) AS image FROM b%s a',
            (batch ->> 'number')::int, new_key, pairs, place);
        place := place + 1;
    END LOOP;
    IF place = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'WITH %s, p AS MATERIALIZED (SELECT nextval(''data.position'') AS position '
        'FROM (SELECT sum(n) AS n FROM (%s) c) s WHERE s.n > 0), '
        'logged AS (INSERT INTO data.commits (position, n, commit_id, entity, record_id, version, action, image, '
        'context, trace_id, schema_version, at) '
        'SELECT p.position, row_number() OVER (), $2, e.entity, e.record_id, e.version, ''create'', e.image, '
        '$3, $4, $5, clock_timestamp() FROM (%s) e, p RETURNING entity, position) '
        'SELECT entity, count(*), min(position) FROM logged GROUP BY entity',
        array_to_string(inserts, ', '), array_to_string(counts, ' UNION ALL '),
        array_to_string(entries, ' UNION ALL ')
    ) USING batches, commit, context, trace, schema;
END $$;
REVOKE ALL ON FUNCTION data.import_records FROM PUBLIC;
GRANT EXECUTE ON FUNCTION data.import_records TO rocket_metadata;
GRANT USAGE ON SCHEMA data TO rocket_metadata;
