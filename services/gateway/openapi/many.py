"""Questions about many records at once: figures, exports and bulk writes."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.schema import FieldDefinition, Snapshot
from libs.shared.schema.figures import FUNCTIONS, PARTS, UNORDERED_TYPES
from services.gateway.openapi.components import Schema, answer, enveloped, json_body, ref
from services.gateway.openapi.parameters import (
    MAX_PARAMETER_CHARACTERS,
    MOMENTS,
    TEXT,
    filter_parameter,
    name_of,
    selection_parameters,
    sort_parameter,
    texts,
)
from services.gateway.openapi.visible_fields import VisibleEntity

HELD = ("eq", "neq", "gt", "gte", "lt", "lte", "in", "not_in", "between", "is_null", "is_not_null")
MAX_ROWS = 10_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BINARY: Schema = {"schema": {"type": "string", "format": "binary"}}
FOUND: Schema = {"name": "q", "in": "query", "description": "Text to find", "schema": {**TEXT, "minLength": 0}}
DELETED: Schema = {"name": "deleted", "in": "query", "schema": {"type": "string", "enum": ["with", "only"]}}


CHOICES = (FOUND, DELETED)
"""Parameters of a list that choose records, beside filters."""


def aggregate(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    """`_aggregate`: figures by group."""
    row = {"type": "object", "properties": {"count": {"type": "integer"}}}
    return {
        "parameters": [
            filter_parameter(entity),
            {"name": "count", "in": "query", "schema": {"type": "string", "enum": ["*"]}},
            *_figures(entity),
            *_listed(
                "group_by",
                _groups(entity),
                "Groups, at most 5; dates also by their parts, and fields of one related record",
                5,
            ),
            _having(entity),
            *texts(("tz", "IANA name of the time zone that dates are cut off in, as Europe/Berlin; UTC if absent")),
            *texts(("sort", "Figures (sum.a) or groups, separated by commas; - for descending")),
            ref("parameters", "Page"),
            ref("parameters", "PerPage"),
            FOUND,
            DELETED,
            *texts(*MOMENTS),
        ],
        "responses": {"200": answer("A row per group", enveloped({"type": "array", "items": row}, meta=True))},
    }


def _fields(entity: VisibleEntity, types: tuple[str, ...]) -> list[str]:
    return [f.name for f in entity.asked.fields if f.type in types]


def _listed(name: str, values: list[str], description: str, most: int = 20) -> list[Schema]:
    """A parameter that takes some of the values, separated by commas; none where there are no values."""
    if not values:
        return []
    each = f"({'|'.join(value.replace('.', '[.]') for value in values)})"
    schema = {"type": "string", "pattern": f"^{each}(,{each}){{0,{most - 1}}}$"}
    return [{"name": name, "in": "query", "description": description, "schema": schema}]


def _figures(entity: VisibleEntity) -> list[Schema]:
    return [
        parameter
        for name, types in FUNCTIONS.items()
        for parameter in _listed(name, _fields(entity, types), "Fields, separated by commas", 5)
    ]


def _groups(entity: VisibleEntity) -> list[str]:
    """Fields and parts of dates, its own and those of the records that its relations lead to."""
    related = [f"{name}.{each}" for name, fields in entity.single.items() for each in _grouped(fields)]
    return [*_grouped(entity.asked.fields), *related]


def _grouped(fields: Sequence[FieldDefinition]) -> list[str]:
    return [name for f in fields if f.type not in UNORDERED_TYPES for name in (f.name, *_parts(f))]


def _parts(each: FieldDefinition) -> list[str]:
    return [f"{each.name}.{part}" for part, types in PARTS.items() if each.type in types]


def _having(entity: VisibleEntity) -> Schema:
    """`having[count.gt]=n` and `having[sum.a.gt]=n`."""
    named = [
        rf"{name}\.({'|'.join(fields)})" for name, types in FUNCTIONS.items() if (fields := _fields(entity, types))
    ]
    figures = "|".join(["count", *named])
    return {
        "name": "having",
        "in": "query",
        "style": "deepObject",
        "explode": True,
        "description": f"having[count.op]=n or having[sum.field.op]=n, op: {' '.join(HELD)}",
        "schema": {
            "type": "object",
            "properties": {"count": {"type": "integer"}},
            "patternProperties": {
                rf"^({figures})(\.({'|'.join(HELD)}))?$": {"type": "string", "maxLength": MAX_PARAMETER_CHARACTERS}
            },
        },
    }


def export(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    """`_export`: all records of a list, streamed."""
    text: Schema = {"schema": {"type": "string"}}
    rows = {"type": "array", "items": ref("schemas", name_of(entity))}
    content = {**json_body(enveloped(rows)), "application/x-ndjson": text, "text/csv": text, XLSX: BINARY}
    return {
        "parameters": [
            {"name": "format", "in": "query", "schema": {"type": "string", "enum": ["json", "ndjson", "csv", "xlsx"]}},
            filter_parameter(entity),
            sort_parameter(entity),
            *selection_parameters(entity, snapshot),
            FOUND,
            DELETED,
            *texts(*MOMENTS),
        ],
        "responses": {"200": {"description": "Every record, of one moment", "content": content}},
    }


def create(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    """`_bulk` with new records."""
    described = _bulk("created", "201", ref("schemas", name_of(entity, "create")))
    if "update" in entity.actions:
        described["parameters"] += upsert_parameters(entity)
    return described


def upsert_parameters(entity: VisibleEntity) -> list[Schema]:
    """`on_conflict=update&key=…`: rows whose value of the key a record has update it."""
    keys = entity.definition.primary_key.names
    unique = [f.name for f in entity.asked.fields if f.unique or (len(keys) == 1 and f.name in keys)]
    if not unique:
        return []
    return [
        {"name": "on_conflict", "in": "query", "schema": {"type": "string", "enum": ["update"]}},
        {"name": "key", "in": "query", "schema": {"type": "string", "enum": unique}},
    ]


def update(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    """`_bulk` with partial updates that hold the key, or with values for all records that filters choose."""
    keys = [f.name for f in entity.definition.key_fields]
    values = {**ref("schemas", name_of(entity, "update"))}
    described = {"type": "object", "required": ["set"], "properties": {"set": values}, "additionalProperties": False}
    found = _bulk("updated", "200", {"type": "object", "required": keys}, described)
    return {**found, "parameters": [*found["parameters"], *_choosing(entity)]}


def delete(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    """`_bulk` with the keys of what is to go; none where filters choose it."""
    found = _bulk("deleted", "200", {"type": ["string", "integer"]}, is_required=False)
    return {**found, "parameters": [*found["parameters"], *_choosing(entity)]}


def restore(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    """`_bulk/restore` with the keys of what is to come back; none where filters choose it."""
    found = _bulk("restored", "200", {"type": ["string", "integer"]}, is_required=False)
    whole = {"name": "deleted", "in": "query", "description": "only: the whole trash", "schema": {"enum": ["only"]}}
    return {**found, "parameters": [*found["parameters"], *_choosing(entity), whole]}


def _choosing(entity: VisibleEntity) -> list[Schema]:
    """The parameters that choose the records of a write instead of its body."""
    expect = {
        "name": "expect",
        "in": "query",
        "description": "With a filter or q, and required then: how many records they choose; otherwise 409",
        "schema": {"type": "integer", "minimum": 0, "maximum": MAX_ROWS},
    }
    return [filter_parameter(entity), FOUND, expect]


def _bulk(verb: str, status: str, row: Schema, chosen: Schema | None = None, is_required: bool = True) -> Schema:
    """A bulk write of rows; `chosen` is the body where filters choose the records."""
    rows: Schema = {"type": "array", "maxItems": MAX_ROWS, "items": row}
    if chosen is not None:
        rows = {"anyOf": [rows, chosen]}
    dry_run = {"name": "dry_run", "in": "query", "schema": {"type": "string", "enum": ["true", "false"]}}
    done = {
        "type": "object",
        "required": [verb, "ids"],
        "properties": {
            verb: {"type": "integer"},
            "ids": {"type": "array", "items": {"type": ["string", "integer"]}},
            "dry_run": {"type": "boolean"},
        },
    }
    written = answer("All of them, in one commit", enveloped(done), "X-Commit", "Idempotency-Replayed")
    rehearsed = {"200": answer("What would happen", enveloped(done), "Idempotency-Replayed")}
    return {
        "parameters": [{**dry_run, "description": "true: everything is checked, nothing is stored"}],
        "requestBody": {"required": is_required, "content": json_body(rows)},
        "responses": {**rehearsed, status: written},
    }
