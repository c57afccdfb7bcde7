"""Every statement of the metadata service."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared import exact
from libs.shared.ids import parse_uuid
from libs.shared.postgres.databases import Connection, Database, Record
from libs.shared.postgres.errors import UniqueViolation
from libs.shared.postgres.limits import LimitExceeded, LimitReached
from services.metadata.model.identifiers import quote

IMPORT_TIME = 100.0
"""Seconds that a statement over all sample records may take."""

# Apps, in the platform database. Columns are named as api.md names them.
APP_COLUMNS = """
    name, display_name, database AS db_name, driver AS db_driver, nullif(server, '') AS server, cors_origins, status,
    created_at, updated_at
"""
LIST_APPS = f"""
SELECT coalesce(json_agg(row_to_json(_a)), '[]')::text FROM (
    SELECT {APP_COLUMNS} FROM metadata.apps WHERE status = 'active' ORDER BY name
) _a
"""
GET_APP = f"""
SELECT row_to_json(_a)::text FROM (
    SELECT {APP_COLUMNS} FROM metadata.apps WHERE name = $1 AND status = 'active'
) _a
"""
FIND_APPS = """
SELECT id::text, name, database, server FROM metadata.apps
WHERE status = 'active' AND ($1 = '' OR name = $1) AND ($2 = '' OR id::text = $2) ORDER BY name
"""

CHANGE_APP = f"""
WITH _a AS (
    UPDATE metadata.apps
    SET display_name = coalesce($2, display_name), cors_origins = coalesce($3::text[], cors_origins), updated_at = now()
    WHERE name = $1 AND status = 'active' RETURNING id, {APP_COLUMNS}
) SELECT _a.id::text, (to_jsonb(_a) - 'id')::text AS shown FROM _a
"""
FIND_ORIGINS = "SELECT cors_origins FROM metadata.apps WHERE id = $1::text::uuid"

# Definitions, in every app database.
DEFINITION_COLUMNS = """
    id::text, kind, key, number, document::text, ids::text,
    to_json(created_at) #>> '{}' AS created_at, to_json(updated_at) #>> '{}' AS updated_at, deleted_at
"""
LIST_DEFINITIONS = f"""
SELECT {DEFINITION_COLUMNS} FROM metadata.definitions WHERE kind = $1 AND deleted_at IS NULL ORDER BY number
"""
FIND_BY_KEY = f"""
SELECT {DEFINITION_COLUMNS} FROM metadata.definitions WHERE kind = $1 AND key = $2 AND deleted_at IS NULL
"""
FIND_BY_ID = f"""
SELECT {DEFINITION_COLUMNS} FROM metadata.definitions WHERE kind = $1 AND id = $2 AND deleted_at IS NULL
"""
INSERT_DEFINITION = f"""
INSERT INTO metadata.definitions (kind, key, document) VALUES ($1, $2, $3::json) RETURNING {DEFINITION_COLUMNS}
"""
REPLACE_DEFINITION = f"""
UPDATE metadata.definitions SET key = $2, document = $3::json, updated_at = now() WHERE id = $1::text::uuid
RETURNING {DEFINITION_COLUMNS}
"""
DELETE_DEFINITION = "UPDATE metadata.definitions SET deleted_at = now() WHERE id = $1::text::uuid"
AS_OF = """
SELECT _h.definition_id::text AS id, _h.document::text FROM (
    SELECT DISTINCT ON (_c.definition_id) _c.definition_id, _c.action, _c.document FROM metadata.history _c
    WHERE _c.kind = $1 AND _c.version <= $2 ORDER BY _c.definition_id, _c.version DESC
) _h WHERE _h.action <> 'delete' ORDER BY _h.definition_id
"""
STORE_IDS = "UPDATE metadata.definitions SET ids = $2::jsonb WHERE id = $1::text::uuid"

# The version row: locked for the length of a change, raised in its last statement.
LOCK_VERSION = "SELECT version FROM metadata.schema_version FOR UPDATE"
RECORD_CHANGE = """
WITH _raised AS (UPDATE metadata.schema_version SET version = $1)
INSERT INTO metadata.history (version, kind, definition_id, action, document, actor, trace_id, ids)
VALUES ($1, $2, $3::text::uuid, $4, $5::json, $6::jsonb, $7::text::uuid, $8::jsonb)
"""
LIST_ALL = f"SELECT {DEFINITION_COLUMNS} FROM metadata.definitions WHERE deleted_at IS NULL ORDER BY number"
LIST_SHAPES = f"""
SELECT {DEFINITION_COLUMNS} FROM metadata.definitions
WHERE kind IN ('entities', 'relations') AND deleted_at IS NULL ORDER BY number
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
LIST_INDEXES = """
SELECT _c.relname AS name, _i.indisvalid AS valid FROM pg_index _i JOIN pg_class _c ON _c.oid = _i.indexrelid
WHERE _i.indrelid = to_regclass($1) ORDER BY _c.relname
"""
# Records that come with a definition. Positions, versions and images are the data service's matter.
IMPORT_RECORDS = """
SELECT added, at_position AS position FROM data.import_records($1::text::jsonb, $2, $3::text::jsonb, $4, $5)
"""
PATIENTLY = "SET LOCAL idle_in_transaction_session_timeout = '120s'"
ADVANCE = "SELECT setval('{sequence}', $1) FROM {sequence} WHERE NOT is_called OR last_value < $1"
NEXT_KEYS = "SELECT nextval($1::text::regclass) AS key FROM generate_series(1, $2)"
UNLIKE_ANY = """
SELECT (_e.place - 1)::int AS place FROM jsonb_array_elements($1::text::jsonb) WITH ORDINALITY AS _e(value, place)
WHERE NOT EXISTS (
    SELECT FROM {table} _t
    WHERE to_jsonb(_t) @> jsonb_strip_nulls(to_jsonb(jsonb_populate_record(NULL::{table}, _e.value)))
) ORDER BY _e.place
"""
LOAD_SCHEMA = """
SELECT _v.version, coalesce((
    SELECT json_agg(json_build_object(
        'id', id, 'kind', kind, 'number', number, 'document', document, 'ids', ids,
        'retired', deleted_at IS NOT NULL) ORDER BY number)
    FROM metadata.definitions
    WHERE (deleted_at IS NULL OR kind IN ('entities', 'relations')) AND kind <> ALL ('{ui-configs,roles}'::text[])
), '[]')::text AS rows
FROM metadata.schema_version _v
"""


class Taken(Exception):
    """Two records may not be there together; `index` is the unique index that says so."""

    def __init__(self, index: str) -> None:
        super().__init__(index)
        self.index = index


@dataclass(frozen=True, slots=True)
class LogNote:
    """What the log notes about an import beside its records; `context` is JSON text."""

    commit_id: uuid.UUID
    context: str
    trace_id: uuid.UUID


@dataclass(slots=True)
class Definition:
    """A stored definition. `number` is its short id; for entities it is what the log knows them by."""

    id: str
    kind: str
    key: str | None
    number: int
    document: dict[str, Any]
    ids: dict[str, dict[str, Any]]
    created_at: str
    updated_at: str


async def list_apps(database: Database) -> bytes:
    text: str = await database.fetchval(LIST_APPS)
    return text.encode()


async def get_app(database: Database, name: str) -> bytes | None:
    text: str | None = await database.fetchval(GET_APP, name)
    return text.encode() if text else None


async def find_apps(database: Database, name: str, app_id: str) -> Sequence[Record]:
    return await database.fetch(FIND_APPS, name, app_id)


async def change_app(
    database: Database, name: str, display_name: str | None, origins: list[str] | None
) -> Record | None:
    """The app's id and the app as it is shown; None if there is none."""
    return await database.fetchrow(CHANGE_APP, name, display_name, origins)


async def find_origins(database: Database, app_id: str) -> list[str]:
    return await database.fetchval(FIND_ORIGINS, app_id) or []


async def list_definitions(database: Database | Connection, kind: str) -> list[Definition]:
    return [_definition(row) for row in await database.fetch(LIST_DEFINITIONS, kind)]


async def definitions_as_of(database: Database, kind: str, version: int) -> list[dict[str, Any]]:
    """The documents of a kind as they were at a version, each with its id."""
    rows = await database.fetch(AS_OF, kind, version)
    return [{"id": row["id"], **exact.loads(row["document"])} for row in rows]


async def find_definition(database: Database | Connection, kind: str, handle: str, named: bool) -> Definition | None:
    """By name for named kinds, else by id; None also for what is no id."""
    if named:
        row = await database.fetchrow(FIND_BY_KEY, kind, handle)
    else:
        identifier = parse_uuid(handle)
        row = await database.fetchrow(FIND_BY_ID, kind, identifier) if identifier else None
    return _definition(row) if row else None


async def insert_definition(
    transaction: Connection, kind: str, key: str | None, document: dict[str, Any]
) -> Definition:
    return _definition(await transaction.fetchrow(INSERT_DEFINITION, kind, key, _json(document)))


async def replace_definition(
    transaction: Connection, definition_id: str, key: str | None, document: dict[str, Any]
) -> Definition:
    return _definition(await transaction.fetchrow(REPLACE_DEFINITION, definition_id, key, _json(document)))


async def delete_definition(transaction: Connection, definition_id: str) -> None:
    await transaction.execute(DELETE_DEFINITION, definition_id)


async def store_ids(transaction: Connection, definition_id: str, ids: Mapping[str, Any]) -> None:
    await transaction.execute(STORE_IDS, definition_id, _json(ids))


async def lock_version(transaction: Connection) -> int:
    version: int = await transaction.fetchval(LOCK_VERSION)
    return version


async def list_shapes(database: Database | Connection) -> list[Definition]:
    """All entities and relations, in the order of their making."""
    return [_definition(row) for row in await database.fetch(LIST_SHAPES)]


async def list_all(database: Database | Connection) -> list[Definition]:
    """All definitions of all kinds, in the order of their making."""
    return [_definition(row) for row in await database.fetch(LIST_ALL)]


async def list_indexes(database: Database | Connection, table: str) -> dict[str, bool]:
    """A table's indexes: name → whether it was built to its end."""
    return {row["name"]: row["valid"] for row in await database.fetch(LIST_INDEXES, table)}


async def has_rows(transaction: Connection, table: str) -> bool:
    """Whether there is anything in a table."""
    found: bool = await transaction.fetchval(f"SELECT EXISTS (SELECT FROM {table})")
    return found


async def be_patient(transaction: Connection) -> None:
    """Let the transaction wait for us while many rows are checked."""
    await transaction.execute(PATIENTLY)


async def import_records(
    transaction: Connection, batches: Sequence[Mapping[str, Any]], note: LogNote, version: int
) -> tuple[int, int]:
    """Insert records with their log entries (services/data/sql/app); answers how many, and the commit's position.

    Raises Taken when two records may not be there together, LimitReached for what the database can't hold.
    """
    text = exact.dumps(batches).decode()
    try:
        rows = await transaction.fetch(
            IMPORT_RECORDS, text, note.commit_id, note.context, note.trace_id, version, timeout=IMPORT_TIME
        )
    except UniqueViolation as error:
        raise Taken(error.constraint_name or "") from None
    except LimitExceeded as error:
        raise LimitReached.of(error) from None
    return sum(row["added"] for row in rows), max((row["position"] for row in rows), default=0)


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


async def next_keys(transaction: Connection, sequence: str, behind: int, count: int) -> list[int]:
    """`count` fresh numbers for keys, all greater than `behind`, which later ones will be too. Raises LimitReached."""
    if behind > 0:
        await transaction.execute(ADVANCE.format(sequence=sequence), behind)
    try:
        return [row["key"] for row in await transaction.fetch(NEXT_KEYS, sequence, count)]
    except LimitExceeded as error:
        raise LimitReached.of(error) from None


async def unlike_any(transaction: Connection, table: str, records: Sequence[Mapping[str, Any]]) -> list[int]:
    """The places of those records that no row of the table is like in everything they say."""
    text = exact.dumps(records).decode()
    return [row["place"] for row in await transaction.fetch(UNLIKE_ANY.format(table=table), text, timeout=IMPORT_TIME)]


async def slugs_like(transaction: Connection, table: str, column: str, bases: Collection[str]) -> set[str]:
    """The slugs there are that begin like one of these."""
    if not bases:
        return set()
    # Slugs hold letters, digits and hyphens only, so none is special in a pattern.
    sql = f"SELECT _t.{quote(column)} AS slug FROM {table} _t WHERE _t.{quote(column)} LIKE ANY($1::text[])"
    return {row["slug"] for row in await transaction.fetch(sql, [f"{base}%" for base in bases])}


async def record_change(
    transaction: Connection, version: int, action: str, definition: Definition, actor: str, trace_id: str
) -> None:
    """Append to the definitions' history and raise the version."""
    document, ids = (_json(part) if action != "delete" else None for part in (definition.document, definition.ids))
    values = (version, definition.kind, definition.id, action, document, actor, trace_id, ids)
    await transaction.execute(RECORD_CHANGE, *values)


async def load_schema(database: Database) -> tuple[int, dict[str, Any]]:
    """Version and snapshot document, from one statement and so of one moment."""
    row = await database.fetchrow(LOAD_SCHEMA)
    assert row is not None, "every app database has a version row"
    shapes: dict[str, list[dict[str, Any]]] = {"entities": [], "relations": []}
    kinds: dict[str, list[dict[str, Any]]] = {}
    for item in exact.loads(row["rows"]):
        if item["kind"] in shapes:
            shapes[item["kind"]].append(_shape(item))
        else:
            kinds.setdefault(item["kind"], []).append({"id": item["id"], **item["document"]})
    return row["version"], {**shapes, "kinds": kinds}


def _shape(item: dict[str, Any]) -> dict[str, Any]:
    """An entity or relation with the numbers that outlive names."""
    shape = {"number": item["number"], "definition": item["document"], "retired": item["retired"]}
    if item["kind"] == "entities":
        shape["field_ids"] = {name: entry["id"] for name, entry in item["ids"].items()}
    return shape


def _definition(row: Record | None) -> Definition:
    assert row is not None, "INSERT and UPDATE … RETURNING of a locked row answer it"
    return Definition(
        id=row["id"],
        kind=row["kind"],
        key=row["key"],
        number=row["number"],
        document=exact.loads(row["document"]),
        ids=exact.loads(row["ids"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _json(value: Any) -> str:
    return exact.dumps(value).decode()
