"""Numbered fields of an entity."""

from __future__ import annotations

from typing import NamedTuple

from libs.shared.schema import Entity, FieldDefinition
from libs.shared.schema.numbering import NumberFormat, parse_format


class NumberedField(NamedTuple):
    """A field whose values the server numbers; `field_id` stays when it is renamed."""

    field: FieldDefinition
    field_id: int
    format: NumberFormat


def numbered_fields(entity: Entity) -> list[NumberedField]:
    """The numbered fields of an entity, in the order of its definition."""
    return [
        NumberedField(field, entity.field_ids[field.name], parse_format(field.format))
        for field in entity.definition.fields
        if field.auto == "sequence" and field.format is not None
    ]
