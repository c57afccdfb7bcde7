"""Request bodies as OpenAPI shows them: the schemas of the models that validate them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from libs.shared.contracts.bodies import RequestBody
from services.gateway.openapi.components import Schema, json_body, ref

PREFIX = "body."


def request_body(model: type[RequestBody]) -> Schema:
    """The `requestBody` of an operation."""
    return {"required": not model.may_be_absent, "content": json_body(ref("schemas", f"{PREFIX}{model.__name__}"))}


def inline_schema(model: type[BaseModel]) -> Schema:
    """The schema of a model with those of its parts in place, for models whose parts don't hold one another."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})

    def resolved(value: Any) -> Any:
        if isinstance(value, list):
            return [resolved(part) for part in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return resolved(
                {**parts[value["$ref"].rpartition("/")[2]], **{k: v for k, v in value.items() if k != "$ref"}}
            )
        return {key: resolved(part) for key, part in value.items()}

    inlined: Schema = resolved(schema)
    return inlined


def schemas(models: Iterable[type[RequestBody]]) -> dict[str, Schema]:
    """The schemas of bodies and of their parts, by the names that `request_body` refers to."""
    found: dict[str, Schema] = {}
    for model in models:
        schema = model.model_json_schema(ref_template=f"#/components/schemas/{PREFIX}{{model}}")
        found |= {f"{PREFIX}{name}": part for name, part in schema.pop("$defs", {}).items()}
        found[f"{PREFIX}{model.__name__}"] = schema
    return found
