"""How bodies and answers are written down that are the same in every app."""

from __future__ import annotations

from services.gateway.openapi.components import Schema, answer, enveloped, json_body

TEXT: Schema = {"type": "string"}
UUID: Schema = {"type": "string", "format": "uuid"}
TIME: Schema = {"type": "string", "format": "date-time"}
NUMBER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object"}
ROWS: Schema = {"type": "array", "items": OBJECT}
EMAIL: Schema = {"type": "string", "maxLength": 320, "pattern": r"^[^@\s]+@[^@\s]+$"}
ROLES: Schema = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 100}}


def shaped(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """An object with these properties."""
    schema: Schema = {"type": "object", "properties": properties}
    return {**schema, "required": list(required)} if required else schema


def takes(schema: Schema, required: bool = True) -> Schema:
    """An operation that takes JSON."""
    return {"requestBody": {"required": required, "content": json_body(schema)}}


def gives(schema: Schema, status: int = 200, description: str = "Done") -> Schema:
    """An operation that answers `{"data": …}`."""
    return {"responses": {str(status): answer(description, enveloped(schema))}}
