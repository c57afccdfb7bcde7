"""`/openapi.json`: every route of the product, independent of app and caller, for clients that are generated once.

Paths keep `{app}` and `{entity}`; kinds of definitions are written out. Records are objects of any keys: what they
hold, an app's own document says.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.schema import Snapshot
from services.gateway.openapi.components import Schema
from services.gateway.openapi.document import Reader, build
from services.gateway.routing.route import Route

APP, ENTITY = "{app}", "entity"
EXAMPLE = {
    "name": ENTITY, "table": "entities", "soft_delete": True,
    "primary_key": {"field": "id", "type": "uuid", "generated": True},
    "fields": [
        {"name": "id", "type": "uuid"}, {"name": "title", "type": "string"}, {"name": "number", "type": "int"},
        {"name": "at", "type": "timestamp"}, {"name": "parent", "type": "uuid"},
    ],
}  # fmt: skip
RELATION = {
    "name": "children", "type": "one_to_many", "source": ENTITY, "target": ENTITY, "source_key": "id",
    "target_key": "parent",
}  # fmt: skip
EVERYBODY = Reader.of(Identity("", "", ("admin",), via="platform"))
RECORD: Schema = {"type": "object", "additionalProperties": True, "description": "A record: its fields by name"}
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}


@lru_cache(1)
def product_document(routes: Sequence[Route]) -> Schema:
    """The document of all routes."""
    rows = [{"number": 1, "definition": EXAMPLE, "field_ids": {}, "retired": False}]
    relations = [{"number": 2, "definition": RELATION, "retired": False}]
    snapshot = Snapshot.read(1, {"entities": rows, "relations": relations, "kinds": {}})
    document = build(routes, APP, snapshot, EVERYBODY)
    paths = {_path(path): _item(path, item) for path, item in document["paths"].items()}
    components = document["components"]
    described = {name: part for name, part in components["schemas"].items() if not name.startswith(f"record.{ENTITY}")}
    described |= dict.fromkeys(("record", "record.create", "record.update"), RECORD)
    return {
        **document,
        "info": {"title": "Rocket", "version": "1", "description": "Every route, independent of app and caller."},
        "paths": paths,
        "components": {**components, "schemas": described},
    }


def _path(path: str) -> str:
    return path.replace(f"/api/{APP}/{ENTITY}", f"/api/{APP}/{{entity}}", 1) if _is_of_records(path) else path


def _is_of_records(path: str) -> bool:
    return path.startswith((f"/api/{APP}/{ENTITY}/", f"/api/{APP}/{ENTITY}")) and path.split("/")[3] == ENTITY


def _item(path: str, item: Schema) -> Schema:
    """A path's operations, with the variables that an app's own document fills in."""
    named = ["app"] if APP in path else []
    named += ["entity"] if _is_of_records(path) else []
    return {method: _operation(operation, named, path) for method, operation in item.items()}


def _operation(operation: Schema, variables: list[str], path: str) -> Schema:
    changed: Schema = _generalized(operation) if _is_of_records(path) else dict(operation)
    places = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in variables
    ]
    found = [_parameter(each) if _is_of_records(path) else each for each in changed.get("parameters", [])]
    return {**changed, **({"parameters": [*places, *found]} if places or found else {})}


def _parameter(parameter: Schema) -> Schema:
    """A parameter of a list, for fields that are not known here."""
    if parameter.get("in") != "query":
        return parameter
    if parameter.get("style") == "deepObject":
        return {**parameter, "schema": TEXTS}
    return {**parameter, "schema": {key: value for key, value in parameter["schema"].items() if key != "pattern"}}


def _generalized(value: Any) -> Any:
    """The same without the names of the example's fields."""
    if isinstance(value, list):
        return [_generalized(part) for part in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str) and f"/record.{ENTITY}" in reference:
        return {"$ref": reference.replace(f"/record.{ENTITY}", "/record")}
    return {key: _generalized(part) for key, part in value.items()}
