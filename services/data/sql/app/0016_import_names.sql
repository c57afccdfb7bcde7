-- An import's statement names tables and columns of operators beside its own. A whole row was read by an alias (`i`)
-- that a field of that name took the place of, so the log got the field's value for an image. All names that the
-- statement adds begin with _ now, as no operator's does.
CREATE OR REPLACE FUNCTION data.import_unchecked(
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
    FOR batch IN SELECT _b.value FROM jsonb_array_elements(batches) _b LOOP
        SELECT string_agg(format('%I', _c.value), ', '), string_agg(format('_r.%I', _c.value), ', ')
            INTO names, given FROM jsonb_array_elements_text(batch -> 'columns') _c;
        SELECT string_agg(format('%I', _c.value), ', '), string_agg(format('_r.%I', _c.value), ', '),
               string_agg(format('_a.%I', _c.value), ', '), string_agg(format('_x.%1$I = _r.%1$I', _c.value), ' AND ')
            INTO keys, own_key, new_key, known FROM jsonb_array_elements_text(batch -> 'key') _c;
        SELECT string_agg(format('_a.%I AS %I', _i.value, _i.key), ', ')
            INTO pairs FROM jsonb_each_text(batch -> 'image') _i;
        inserts := inserts || format(
            '_b%1$s AS (INSERT INTO records.%2$I AS _t (%3$s, _version) '
            'SELECT %4$s, coalesce((SELECT max(_c.version) FROM data.commits _c '
            'WHERE _c.entity = %5$s AND _c.record_id = concat_ws('','', %6$s)), 0) + 1 '
            'FROM jsonb_populate_recordset(NULL::records.%2$I, $1 -> %1$s -> ''rows'') _r '
            'WHERE NOT EXISTS (SELECT FROM records.%2$I _x WHERE %8$s) '
            'ON CONFLICT (%7$s) DO NOTHING RETURNING _t.*)',
            place, batch ->> 'table', names, given, (batch ->> 'number')::int, own_key, keys, known);
        counts := counts || format('SELECT count(*) AS _n FROM _b%s', place);
        entries := entries || format(
            'SELECT %s AS _entity, concat_ws('','', %s) AS _record_id, _a._version, '
            '(SELECT to_jsonb(_i) FROM (SELECT %s) _i) AS _image FROM _b%s _a',
            (batch ->> 'number')::int, new_key, pairs, place);
        place := place + 1;
    END LOOP;
    IF place = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'WITH %s, _p AS MATERIALIZED (SELECT nextval(''data.position'') AS position '
        'FROM (SELECT sum(_c._n) AS _n FROM (%s) _c) _s WHERE _s._n > 0), '
        '_logged AS (INSERT INTO data.commits AS _l (position, n, commit_id, entity, record_id, version, action, image, '
        'context, trace_id, schema_version, at) '
        'SELECT _p.position, row_number() OVER (), $2, _e._entity, _e._record_id, _e._version, ''create'', _e._image, '
        '$3, $4, $5, clock_timestamp() FROM (%s) _e, _p RETURNING _l.entity, _l.position) '
        'SELECT _g.entity, count(*), min(_g.position) FROM _logged _g GROUP BY _g.entity',
        array_to_string(inserts, ', '), array_to_string(counts, ' UNION ALL '),
        array_to_string(entries, ' UNION ALL ')
    ) USING batches, commit, context, trace, schema;
END $$;
