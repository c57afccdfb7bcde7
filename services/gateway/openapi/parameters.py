"""Parameters of reads of records: filters, orders, and which parts are answered."""

from __future__ import annotations

from libs.shared.schema import Snapshot
from services.gateway.openapi.values import Schema
from services.gateway.openapi.visible_fields import VisibleEntity

COMPARED = (
    *("eq", "neq", "gt", "gte", "lt", "lte", "in", "not_in", "like", "ilike"),
    *("is_null", "is_not_null", "between", "contains", "starts_with", "ends_with"),
)
NOT_COMPARED = ("json", "file")
MOMENTS = (
    ("as_of", "The records as they were at this time, or this position of the log"),
    ("min_commit", "Wait until this commit is seen"),
)
PLACES: tuple[Schema, ...] = (
    {
        "name": "cursor",
        "in": "query",
        "description": "meta.next_cursor or prev_cursor of a page; empty for the first page, or backward the last",
        "schema": {"type": "string", "maxLength": 4096, "pattern": "^[A-Za-z0-9_=-]*$"},
    },
    {
        "name": "direction",
        "in": "query",
        "description": "backward: the page before the cursor; needs a cursor",
        "schema": {"type": "string", "enum": ["forward", "backward"]},
    },
    {
        "name": "truncate",
        "in": "query",
        "description": "Characters after which texts and json values are cut; meta.truncated names their fields",
        "schema": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
    },
)
"""Where a page of a list begins, and how much of its values is shown."""
MAX_PARAMETER_CHARACTERS = 200
"""Characters of a parameter; a whole URL has at most 8,190 bytes."""
TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_PARAMETER_CHARACTERS}


def name_of(entity: VisibleEntity, use: str = "") -> str:
    """The name of an entity's schema among all schemas; `use` is create or update, or "" for answers."""
    return f"record.{entity.name}.{use}" if use else f"record.{entity.name}"


def filter_parameter(entity: VisibleEntity) -> Schema:
    """`filter[field]=v` and `filter[field.op]=v`, all of which must hold."""
    fields = [f for f in entity.asked.fields if f.type not in NOT_COMPARED]
    names = "|".join(f.name for f in fields)
    text: Schema = {"type": "string", "maxLength": MAX_PARAMETER_CHARACTERS}
    texts: Schema = {f.name: text for f in fields}
    return {
        "name": "filter",
        "in": "query",
        "style": "deepObject",
        "explode": True,
        "description": f"filter[field]=value or filter[field.op]=value, op: {' '.join(COMPARED)}; in takes a,b",
        "schema": {
            "type": "object",
            "properties": texts,
            "patternProperties": {rf"^({names})\.({'|'.join(COMPARED)})$": text},
        },
    }


def sort_parameter(entity: VisibleEntity) -> Schema:
    """`sort=a,-b`."""
    names = "|".join(f.name for f in entity.asked.fields if f.type not in NOT_COMPARED)
    pattern = rf"^-?({names})(,-?({names}))*$"
    return {
        "name": "sort",
        "in": "query",
        "description": "Fields, separated by commas; - for descending",
        "schema": {"type": "string", "pattern": pattern},
    }


def include_parameters(entity: VisibleEntity, snapshot: Snapshot) -> list[Schema]:
    """`include=a,b`, where the entity has relations."""
    names = entity.includes
    if not names:
        return []
    pattern = rf"^({'|'.join(names)})(,({'|'.join(names)}))*$"
    description = "Related records to attach, separated by commas"
    schema = {"type": "string", "pattern": pattern}
    return [{"name": "include", "in": "query", "description": description, "schema": schema}]


def texts(*described: tuple[str, str]) -> list[Schema]:
    """Parameters of the query that are texts."""
    return [
        {"name": name, "in": "query", "description": description, "schema": TEXT} for name, description in described
    ]


def selection_parameters(entity: VisibleEntity, snapshot: Snapshot) -> list[Schema]:
    """Which parts of records are answered: `fields` and `include`."""
    names = "|".join(f.name for f in entity.definition.fields)
    pattern = rf"^({names})(,({names}))*$"
    description = "Only these fields, separated by commas"
    fields = {
        "name": "fields",
        "in": "query",
        "description": description,
        "schema": {"type": "string", "pattern": pattern},
    }
    return [fields, *include_parameters(entity, snapshot)]
