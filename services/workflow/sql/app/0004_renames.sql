-- Running instances are pinned to the definition that there was; names of entities and fields in it follow renames.
-- `definition` stays as it was pinned, which verification looks at; `followed` is the same by today's names.
ALTER TABLE ${schema}.instances ADD COLUMN followed jsonb;
-- For instances of commits that are handled after a rename: `version` is the schema version before it.
CREATE TABLE ${schema}.renames (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version  bigint NOT NULL,
    entity   text NOT NULL,
    new_name text NOT NULL,
    fields   jsonb NOT NULL
);
CREATE INDEX renames_version ON ${schema}.renames (version);

-- Metadata calls these in the transaction of a rename, as the workflow service (SECURITY DEFINER). Nobody starts an
-- instance until it has ended; who does so afterwards sees the rename.
CREATE FUNCTION ${schema}.running_definitions() RETURNS TABLE (definition text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE ${schema}.instances IN SHARE ROW EXCLUSIVE MODE;
    RETURN QUERY SELECT DISTINCT coalesce(i.followed, i.definition)::text FROM ${schema}.instances i
        WHERE i.status = 'running';
END $$;
CREATE FUNCTION ${schema}.follow_rename(
    before text[], after text[], version bigint, entity text, new_name text, fields text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE ${schema}.instances i SET followed = d.after::jsonb, version = i.version + 1
        FROM unnest(follow_rename.before, follow_rename.after) AS d(before, after)
        WHERE i.status = 'running' AND coalesce(i.followed, i.definition) = d.before::jsonb;
    INSERT INTO ${schema}.renames (version, entity, new_name, fields)
        VALUES (follow_rename.version, follow_rename.entity, follow_rename.new_name, follow_rename.fields::jsonb);
END $$;
REVOKE ALL ON FUNCTION ${schema}.running_definitions, ${schema}.follow_rename FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ${schema}.running_definitions, ${schema}.follow_rename TO rocket_metadata;
GRANT USAGE ON SCHEMA ${schema} TO rocket_metadata;
