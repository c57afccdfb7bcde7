"""The static SQL of writing. What depends on an entity is composed in the module that runs it."""

from __future__ import annotations

# Creations and deletions of one key follow one another, so that versions go on. $1 keys, $2 entity number.
LOCK_KEYS = """
SELECT pg_advisory_xact_lock(hashtextextended(_k.key, $2)) FROM (SELECT unnest($1::text[]) AS key ORDER BY 1) _k
"""
SCHEMA_VERSION = "SELECT version FROM metadata.schema_version"
# All entries of a commit under one position, under the schema fence: no row if the schema has changed.
APPEND_ENTRIES = """
WITH _p AS MATERIALIZED (
    SELECT nextval('data.position') AS position, _v.version FROM metadata.schema_version _v WHERE _v.version = $1
), _logged AS (
    INSERT INTO data.commits (position, n, commit_id, entity, record_id, version, action, image, previous,
        context, effects, effect_key, trace_id, schema_version, at)
    SELECT _p.position, _e.n, $2, _e.entity, _e.record_id, _e.version, _e.action, _e.image, _e.previous,
        $3, _e.effects, $4, $5, $1, clock_timestamp()
    FROM _p, unnest($6::int[], $7::text[], $8::bigint[], $9::text[], $10::jsonb[], $11::jsonb[], $12::jsonb[])
        WITH ORDINALITY AS _e(entity, record_id, version, action, image, previous, effects, n)
)
SELECT _p.position FROM _p
"""
# One commit after the other sets references of an acyclic relation. $1 relation number.
LOCK_ACYCLIC = "SELECT pg_advisory_xact_lock(hashtextextended('acyclic', $1))"
# The ancestors of records, from all of them at once. UNION keeps each once, so the walk ends where it began.
ANCESTORS = """
WITH RECURSIVE _walk(_key, _own, _up) AS (
    SELECT {key}, _r.{own}, _r.{up} FROM {table} _r
    WHERE _r.{own} = ANY($1::text[]::{kind}[]) AND _r.{up} IS NOT NULL AND {alive}
    UNION
    SELECT {key}, _r.{own}, _r.{up} FROM _walk _w JOIN {table} _r ON _r.{own} = _w._up
    WHERE _r.{up} IS NOT NULL AND {alive}
)
SELECT _w._key AS key, _w._own AS own, _w._up AS up FROM _walk _w LIMIT {limit}
"""
