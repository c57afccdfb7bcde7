-- An index may come into being, or go, after the new table got its own: building one concurrently takes long, and changes no
-- version. It would be lost, as whoever has built it is done. So the switch looks once more, while it holds the table.

-- Whether the new table has the same indexes as the business table, beside the key.
CREATE FUNCTION metadata.is_indexed_alike(number int, business_table text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM metadata.check_numbered(number, business_table);
    RETURN NOT EXISTS (
        SELECT FROM (
            SELECT '_n' || c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE i.indrelid = format('records.%I', business_table)::regclass AND i.indisvalid AND NOT i.indisprimary
        ) own FULL JOIN (
            SELECT c.relname::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE i.indrelid = format('records.%I', '_n_' || number)::regclass AND NOT i.indisprimary
        ) fresh USING (name)
        WHERE own.name IS NULL OR fresh.name IS NULL
    );
END $$;

-- As in 0003, and without those that the business table has no more.
CREATE OR REPLACE FUNCTION metadata.index_rebuilt(number int, business_table text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET statement_timeout = 0 AS $$
DECLARE
    fresh constant text := '_n_' || number;
    found record;
BEGIN
    PERFORM metadata.check_numbered(number, business_table);
    FOR found IN
        SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = format('records.%I', fresh)::regclass AND NOT i.indisprimary
    LOOP
        EXECUTE format('DROP INDEX records.%I', found.name);
    END LOOP;
    FOR found IN
        SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = format('records.%I', business_table)::regclass AND i.indisvalid AND NOT i.indisprimary
        ORDER BY c.relname
    LOOP
        -- CREATE [UNIQUE] INDEX <name> ON records.<table> USING …: what stands behind USING is the same for both.
        EXECUTE format('CREATE %s INDEX %I ON records.%I USING %s',
            CASE WHEN found.definition LIKE 'CREATE UNIQUE %' THEN 'UNIQUE' ELSE '' END, '_n' || found.name, fresh,
            substr(found.definition, strpos(found.definition, ' USING ') + 7));
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION metadata.is_indexed_alike FROM PUBLIC;
GRANT EXECUTE ON FUNCTION metadata.is_indexed_alike TO rocket_data;
