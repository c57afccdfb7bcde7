"""Field values as JSON Schema: as they are answered, and as they may be sent."""

from __future__ import annotations

from typing import Any

from libs.shared.schema import FieldDefinition

Schema = dict[str, Any]

NO_NUL = "^[^\\u0000]*$"
"""PostgreSQL keeps no text with this character."""
KEY: Schema = {"minLength": 1, "maxLength": 255, "pattern": "^[^_,\\u0000][^,\\u0000]*$"}
"""What a text must be to be a record's key."""
TYPES: dict[str, Schema] = {
    "string": {"type": "string"},
    "text": {"type": "string"},
    "int": {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    "bigint": {"type": "integer", "format": "int64", "minimum": -(2**63), "maximum": 2**63 - 1},
    "decimal": {"type": "number"},
    "float": {"type": "number", "format": "double"},
    "boolean": {"type": "boolean"},
    "uuid": {"type": "string", "format": "uuid"},
    "timestamp": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "json": {"type": ["object", "array"]},
}
FILE: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "filename": {"type": "string"},
        "size": {"type": "integer"},
        "mime_type": {"type": "string"},
    },
}


def answered(field: FieldDefinition, is_key: bool = False) -> Schema:
    """A field in a record. What is required today may be null in records of before; a key never is."""
    schema = _base(field)
    if is_key:
        return schema
    schema = _nullable(schema)
    return {**schema, "readOnly": True} if field.auto else schema


def accepted(field: FieldDefinition, is_key: bool = False) -> Schema:
    """A field as it may be sent."""
    if field.type == "file":
        schema: Schema = {"oneOf": [{"type": "string", "format": "uuid"}, FILE]}
        return {"oneOf": [*schema["oneOf"], {"type": "null"}]} if _takes_null(field) else schema
    schema = _base(field)
    if field.type in ("string", "text"):
        schema |= KEY if is_key else {"pattern": NO_NUL, "maxLength": field.longest}
    if is_key:
        return schema
    if field.enum is not None:
        schema["enum"] = [*field.enum, None] if _takes_null(field) and None not in field.enum else list(field.enum)
    if field.required and field.type in ("string", "text"):
        schema["minLength"] = 1
    if field.default is not None:
        schema["default"] = field.default
    return _nullable(schema) if _takes_null(field) else schema


def _base(field: FieldDefinition) -> Schema:
    schema = dict(FILE if field.type == "file" else TYPES[field.type])
    if field.type == "decimal" and field.precision is not None:
        schema["description"] = f"Rounded to {field.precision} digits after the point"
    if field.unique:
        schema["description"] = " ".join(filter(None, [schema.get("description"), "Unique"]))
    return schema


def _takes_null(field: FieldDefinition) -> bool:
    return field.nullable or not field.required


def _nullable(schema: Schema) -> Schema:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {**schema, "type": [*kinds, "null"]}
