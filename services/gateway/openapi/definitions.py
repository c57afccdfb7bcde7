"""The kinds of definitions, their schemas, and what `/_admin/{kind}` takes and answers."""

from __future__ import annotations

from typing import Any

from libs.shared.schema.kinds import KINDS
from services.gateway.openapi.components import Schema, answer, enveloped, json_body, ref
from services.gateway.openapi.shapes import TEXT, TIME, UUID, shaped

PREFIX = "definition."
TIMES = {"created_at": TIME, "updated_at": TIME}
VERSION = shaped(
    version={"type": "integer"}, at={"type": "string", "format": "date-time"},
    user={"type": "object"}, changed={"type": "array", "items": {"type": "string"}},
)  # fmt: skip


def schemas() -> dict[str, Schema]:
    """The schemas of all kinds and of their parts."""
    found: dict[str, Schema] = {}
    for kind in KINDS.values():
        template = f"#/components/schemas/{PREFIX}{kind.name}.{{model}}"
        schema = kind.model.model_json_schema(ref_template=template)
        for name, part in schema.pop("$defs", {}).items():
            found[f"{PREFIX}{kind.name}.{name}"] = part
        found[f"{PREFIX}{kind.name}"] = schema
    return found


def answered(name: str) -> Schema:
    """A definition as it is answered: with its id, or, for kinds that wrap it, below `definition`."""
    kind = KINDS[name]
    if kind.columns is not None:
        columns = {column: TEXT for column, _ in kind.columns}
        definition = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
        return shaped(("name", "definition"), name=TEXT, **columns, definition=definition, **TIMES)
    template = f"#/components/schemas/{PREFIX}{kind.name}.{{model}}"
    properties = kind.model.model_json_schema(ref_template=template)["properties"]
    return shaped(("id",), id=UUID, **{key: part for key, part in properties.items() if key != "id"}, **TIMES)


def acknowledged(name: str) -> Schema:
    """A definition as a write answers it."""
    return answered(name) if KINDS[name].columns is None else ref("schemas", f"{PREFIX}{name}")


def describe(kind: str, contract: str) -> Schema:
    """What a contract about definitions of `kind` takes and answers."""
    definition, written = answered(kind), acknowledged(kind)
    body = {"required": True, "content": json_body(ref("schemas", f"{PREFIX}{kind}"))}
    match contract:
        case "ListDefinitions":
            return {"responses": {"200": answer("All of them", enveloped({"type": "array", "items": definition}))}}
        case "GetDefinition":
            of = [{"name": "version", "in": "query", "schema": {"type": "integer", "minimum": 1}}]
            return {"parameters": of, "responses": {"200": answer("The definition", enveloped(definition), "ETag")}}
        case "ListVersions":
            pages = [ref("parameters", "Page"), ref("parameters", "PerPage")]
            versions = enveloped({"type": "array", "items": VERSION}, meta=True)
            return {"parameters": pages, "responses": {"200": answer("Its versions, newest first", versions)}}
        case "PatchDefinition":
            part = {"required": True, "content": json_body({"type": "object"})}
            return {"requestBody": part, "responses": {"200": _changed("The definition as it is now", written)}}
        case "RestoreDefinition":
            return {"responses": {"200": _changed("The definition as it is now", written)}}
        case "CreateDefinition":
            return {"requestBody": body, "responses": {"201": _changed("The definition with its id", written)}}
        case "ReplaceDefinition":
            return {"requestBody": body, "responses": {"200": _changed("The definition as it is now", written)}}
        case "DeleteDefinition":
            gone: dict[str, Any] = {"type": "object", "properties": {"deleted": {"type": "boolean"}}}
            return {"responses": {"200": answer("It is gone", enveloped(gone), "Idempotency-Replayed")}}
    return {}


WARNINGS: Schema = {
    "type": "array",
    "items": {"type": "object", "properties": {"path": {"type": "string"}, "message": {"type": "string"}}},
}


def _changed(description: str, schema: Schema) -> Schema:
    body = enveloped(schema)
    body["properties"]["warnings"] = WARNINGS
    return answer(description, body, "ETag", "Idempotency-Replayed")
