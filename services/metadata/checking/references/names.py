"""Checks of names and fixed values in definitions, against the entities that exist. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from libs.shared.schema import DELETED, BadValue, EntityDefinition, FieldDefinition, parse_value
from libs.shared.schema.validation_errors import suggestion
from services.metadata.model.schema import LiveSchema

Problem = tuple[str, str]
"""(path within a definition, message)."""
Problems = Iterator[Problem]
Fields = Mapping[str, FieldDefinition]

NOW = "now"
NOW_TYPES = ("timestamp", "date", "string", "text")
"""Types of fields that can be set to the current time."""
INNER = {"file": ("id", "filename", "size", "mime_type")}
"""Types whose values have known keys of their own."""
PLACEHOLDER = "{{"


def fields_of(entity: EntityDefinition) -> Fields:
    """All fields by name; those of the key have the types of the key."""
    return {field.name: field for field in (*entity.fields, *entity.key_fields)}


def unknown_entity(schema: LiveSchema, name: str) -> str | None:
    """The error of the name of an entity, if any."""
    return None if name in schema.entities else f"Unknown entity: {name}{suggestion(name, schema.entities)}"


def unknown_field(entity: EntityDefinition, name: str) -> str | None:
    """The error of the name of a field, if any."""
    fields = fields_of(entity)
    return None if name in fields else f"{entity.name} has no field {name}{suggestion(name, fields)}"


def outside_enum(field: FieldDefinition, values: Iterable[Any]) -> str | None:
    """Says which of the values is not in the field's enum, if any."""
    for value in values if field.enum else ():
        if value not in (field.enum or ()):
            allowed = [str(each) for each in field.enum or ()]
            hint = suggestion(str(value), allowed)
            return f"{value!r} is not in the enum of {field.name}: {', '.join(allowed)}{hint}"
    return None


def unfit_value(field: FieldDefinition, value: Any) -> str | None:
    """Why a field can't be set to a fixed value; placeholders are filled later, and null clears."""
    if value is None or _has_placeholder(value):
        return None
    if value == NOW and field.type in NOW_TYPES:
        return None
    try:
        parse_value(field, value)
    except BadValue as problem:
        return f"the value for {field.name} {problem}"
    return outside_enum(field, [value])


def not_to_be_set(entity: EntityDefinition, field: FieldDefinition) -> str | None:
    """Why no definition may set a field of an existing record."""
    if field.name in entity.primary_key.names or field.auto or (entity.soft_delete and field.name == DELETED):
        return f"{field.name} is not for a definition to set"
    return None


def setting_problems(schema: LiveSchema, entity: str, name: str, value: Any, path: str, in_field: str) -> Problems:
    """The errors of setting a field of an existing entity; `in_field` is the key that names the field."""
    definition = schema.entities[entity].definition
    if wrong := unknown_field(definition, name):
        yield f"{path}{in_field}", wrong
        return
    field = fields_of(definition)[name]
    if wrong := not_to_be_set(definition, field):
        yield f"{path}{in_field}", wrong
    elif wrong := unfit_value(field, value):
        yield f"{path}value" if in_field == "field" else f"{path}{in_field}", wrong


def record_path_problem(entity: EntityDefinition, path: str, parts: list[str]) -> str | None:
    """The error of a path into a record; `parts` are its names after the root."""
    if not parts:
        return None
    [name, *inner] = parts
    if wrong := unknown_field(entity, name):
        return f"{path}: {wrong}"
    kind = fields_of(entity)[name].type
    if not inner or kind == "json":
        return None
    known = INNER.get(kind)
    if known is None or len(inner) > 1 or inner[0] not in known:
        return f"{path}: {name} is {kind}, and has no {'.'.join(inner)}"
    return None


def _has_placeholder(value: Any) -> bool:
    if isinstance(value, str):
        return PLACEHOLDER in value
    if isinstance(value, dict):
        return any(map(_has_placeholder, value.values()))
    return isinstance(value, list) and any(map(_has_placeholder, value))
