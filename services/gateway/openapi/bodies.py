"""Request bodies as OpenAPI shows them: the schemas of the models that validate them."""

from __future__ import annotations

from collections.abc import Iterable

from libs.shared.contracts.bodies import RequestBody
from services.gateway.openapi.components import Schema, json_body, ref

PREFIX = "body."


def request_body(model: type[RequestBody]) -> Schema:
    """The `requestBody` of an operation."""
    return {"required": not model.may_be_absent, "content": json_body(ref("schemas", f"{PREFIX}{model.__name__}"))}


def schemas(models: Iterable[type[RequestBody]]) -> dict[str, Schema]:
    """The schemas of bodies and of their parts, by the names that `request_body` refers to."""
    found: dict[str, Schema] = {}
    for model in models:
        schema = model.model_json_schema(ref_template=f"#/components/schemas/{PREFIX}{{model}}")
        found |= {f"{PREFIX}{name}": part for name, part in schema.pop("$defs", {}).items()}
        found[f"{PREFIX}{model.__name__}"] = schema
    return found
