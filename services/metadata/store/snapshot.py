"""Statements that read definitions for other services: snapshots, former names, former definitions."""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.postgres.databases import Database
from libs.shared.schema.kinds import KINDS

# The names, today's and former ones, of entities whose records may cancel instances of workflows. Instances keep the
# version that they have started with, so a version counts when a newer one has dropped `cancel_when`, and when the
# workflow is deleted.
CANCELLING = """
SELECT DISTINCT _n.document ->> 'name' AS name
FROM (
    SELECT DISTINCT _h.document #>> '{trigger,entity}' AS name
    FROM metadata.definitions _w JOIN metadata.history _h ON _h.definition_id = _w.id
    WHERE _w.kind = 'workflows' AND _h.document ->> 'cancel_when' IS NOT NULL
) _e
JOIN metadata.definitions _d ON _d.kind = 'entities'
JOIN metadata.history _n ON _n.definition_id = _d.id
WHERE EXISTS (SELECT FROM metadata.history _o WHERE _o.definition_id = _d.id AND _o.document ->> 'name' = _e.name)
    AND _n.document IS NOT NULL
"""
LOAD = f"""
SELECT _v.version, coalesce((
    SELECT json_agg(json_build_object(
        'id', id, 'kind', kind, 'number', number, 'document', document, 'ids', ids,
        'retired', deleted_at IS NOT NULL, 'version', CASE WHEN kind = 'workflows' THEN (
            SELECT count(*) FROM metadata.history _h WHERE _h.definition_id = _d.id) END) ORDER BY number)
    FROM metadata.definitions _d
    WHERE (deleted_at IS NULL OR kind IN ('entities', 'relations')) AND kind <> ALL ($1::text[])
), '[]')::text AS rows, ARRAY(SELECT name FROM ({CANCELLING}) _c ORDER BY name) AS cancelling
FROM metadata.schema_version _v
"""
AS_OF = """
SELECT _h.definition_id::text AS id, _h.document::text, CASE WHEN $1 = 'workflows' THEN (
    SELECT count(*) FROM metadata.history _n
    WHERE _n.definition_id = _h.definition_id AND _n.version <= $2) END AS version
FROM (
    SELECT DISTINCT ON (_c.definition_id) _c.definition_id, _c.action, _c.document FROM metadata.history _c
    WHERE _c.kind = $1 AND _c.version <= $2 ORDER BY _c.definition_id, _c.version DESC
) _h WHERE _h.action <> 'delete' ORDER BY _h.definition_id
"""
# All names that entities, join tables and their fields have had, by their number.
NAMES_EVER = """
WITH _d AS (
    SELECT _d.number, _d.kind, _d.document::jsonb AS document, true AS is_now FROM metadata.definitions _d
    UNION ALL
    SELECT _d.number, _d.kind, _h.document::jsonb, false FROM metadata.history _h
    JOIN metadata.definitions _d ON _d.id = _h.definition_id WHERE _h.document IS NOT NULL
)
SELECT max(document ->> CASE kind WHEN 'entities' THEN 'name' ELSE 'join_table' END) FILTER (WHERE is_now) AS title,
    array_agg(DISTINCT document ->> CASE kind WHEN 'entities' THEN 'name' ELSE 'join_table' END) AS titles,
    array_agg(DISTINCT _f.name) FILTER (WHERE _f.name IS NOT NULL) AS fields
FROM _d LEFT JOIN LATERAL (
    SELECT _e ->> 'name' AS name FROM jsonb_array_elements(document -> 'fields') _e WHERE kind = 'entities'
    UNION ALL SELECT document ->> key FROM unnest(ARRAY['source_join_key', 'target_join_key']) _k(key)
    WHERE kind = 'relations'
) _f ON true
WHERE kind IN ('entities', 'relations') GROUP BY number
"""


async def load(database: Database) -> tuple[int, dict[str, Any]]:
    """Version and snapshot document, read by one statement and so of one moment."""
    row = await database.fetchrow(LOAD, [kind.name for kind in KINDS.values() if not kind.is_in_snapshot])
    assert row is not None, "every app database has a version row"
    shapes: dict[str, list[dict[str, Any]]] = {"entities": [], "relations": []}
    kinds: dict[str, list[dict[str, Any]]] = {}
    for item in exact.loads(row["rows"]):
        if item["kind"] in shapes:
            shapes[item["kind"]].append(_shape(item))
        else:
            kinds.setdefault(item["kind"], []).append(_numbered(item["id"], item["document"], item["version"]))
    return row["version"], {**shapes, "kinds": kinds, "cancelling": list(row["cancelling"])}


async def as_of(database: Database, kind: str, version: int) -> list[dict[str, Any]]:
    """The documents of a kind as they were at a version, each with its id."""
    rows = await database.fetch(AS_OF, kind, version)
    return [_numbered(row["id"], exact.loads(row["document"]), row["version"]) for row in rows]


def _numbered(definition_id: str, document: dict[str, Any], version: int | None) -> dict[str, Any]:
    """A document with its id; one of a workflow also with the number of its version, which instances keep."""
    return {"id": definition_id, **document, **({"version": version} if version is not None else {})}


async def names_ever(database: Database) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """By today's name of an entity or join table: all that it was called, and all that its fields were."""
    titles: dict[str, list[str]] = {}
    fields: dict[str, list[str]] = {}
    for row in await database.fetch(NAMES_EVER):
        if row["title"]:
            # Something that is gone and something that is there may have the same name.
            titles[row["title"]] = sorted({*titles.get(row["title"], ()), *filter(None, row["titles"])})
            fields[row["title"]] = sorted({*fields.get(row["title"], ()), *(row["fields"] or ())})
    return titles, fields


def _shape(item: dict[str, Any]) -> dict[str, Any]:
    """An entity or relation with the numbers that outlive names."""
    shape = {"number": item["number"], "definition": item["document"], "retired": item["retired"]}
    if item["kind"] == "entities":
        shape["field_ids"] = {name: entry["id"] for name, entry in item["ids"].items()}
    return shape
