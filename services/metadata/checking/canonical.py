"""Entities as they are stored and answered: one name per type, and presets in the form of answers. Pure."""

from __future__ import annotations

from typing import Any

from libs.shared.schema import EntityDefinition, FieldDefinition
from libs.shared.schema.fields import ALIASES
from libs.shared.schema.values import canonical
from services.metadata.checking.renames import without_renames


def normalized(document: dict[str, Any], definition: EntityDefinition) -> dict[str, Any]:
    """A valid document with canonical type names, numbers for presets sent as text, and no renames."""
    document = without_renames(document)
    by_name = {field.name: field for field in definition.fields}
    changed = {**document, "fields": [_field(field, by_name[field["name"]]) for field in document["fields"]]}
    key = document["primary_key"]
    if key.get("type") in ALIASES:
        changed["primary_key"] = {**key, "type": ALIASES[key["type"]]}
    return changed


def _field(document: dict[str, Any], field: FieldDefinition) -> dict[str, Any]:
    changed = {**document, "type": field.type}
    if field.default is not None:
        changed["default"] = canonical(field, field.default)
    if field.enum:
        changed["enum"] = [None if value is None else canonical(field, value) for value in field.enum]
    return changed
