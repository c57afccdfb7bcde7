-- Saved views of lists. `scope` is me, all, or role:<role>; those of scope me are their owner's alone.
CREATE TABLE ${schema}.views (
    id          uuid PRIMARY KEY DEFAULT uuidv7(),
    entity      text NOT NULL,
    name        text NOT NULL,
    scope       text NOT NULL,
    state       json NOT NULL,
    owner       uuid NOT NULL,
    owner_email text NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX views_own ON ${schema}.views (owner, entity, name) WHERE scope = 'me';
CREATE UNIQUE INDEX views_shared ON ${schema}.views (entity, scope, name) WHERE scope <> 'me';

-- The gateway calls this in the transaction that deletes a user or an API key, as metadata (SECURITY DEFINER).
CREATE FUNCTION ${schema}.forget_owner(owner uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM ${schema}.views v WHERE v.owner = forget_owner.owner AND v.scope = 'me'
$$;
REVOKE ALL ON FUNCTION ${schema}.forget_owner FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ${schema}.forget_owner TO rocket_gateway;
GRANT USAGE ON SCHEMA ${schema} TO rocket_gateway;
