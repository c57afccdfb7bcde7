"""Permissions: their fields, values, masks and expressions. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from libs.shared.permissions.grants import checked_test, problem_of
from libs.shared.permissions.masks import Mask
from libs.shared.schema import BadValue, Condition, EntityDefinition, PolicyDefinition
from libs.shared.schema.validation_errors import suggestion
from services.metadata.checking.references.names import Fields, Problems, fields_of, outside_enum, unknown_field
from services.metadata.model.schema import LiveSchema

VALUES = ("eq", "neq", "in", "not_in")
"""Operators that compare with values which a field may have."""


def problems_of(policy: PolicyDefinition, schema: LiveSchema) -> Problems:
    """The fields exist, values and masks fit them, and the database can decide the expressions."""
    entity = schema.entities[policy.entity].definition
    fields = fields_of(entity)
    relations = {live.definition.name for live in schema.relations_of(policy.entity)}
    yield from _conditions(policy, entity, fields)
    yield from _names(policy, entity, fields, relations)
    yield from _masks(policy, fields)
    yield from _visibilities(policy, fields)


def _conditions(policy: PolicyDefinition, entity: EntityDefinition, fields: Fields) -> Problems:
    for number, condition in enumerate(policy.conditions):
        if wrong := unknown_field(entity, condition.field):
            yield f"conditions.{number}", wrong
            continue
        try:
            checked_test(condition, fields, ())
        except BadValue as problem:
            yield f"conditions.{number}", f"{condition.field} {problem}"
            continue
        if wrong := outside_enum(fields[condition.field], _values(condition)):
            yield f"conditions.{number}.value", wrong


def _values(condition: Condition) -> list[Any]:
    """The fixed values that a field is compared with; the caller's own values are not fixed."""
    value = condition.value
    if condition.operator not in VALUES or value is None or (isinstance(value, str) and value.startswith("$")):
        return []
    if condition.operator in ("eq", "neq"):
        return [value]
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else list(value)


def _names(policy: PolicyDefinition, entity: EntityDefinition, fields: Fields, relations: Collection[str]) -> Problems:
    """Unknown fields, and restrictions of the key."""
    named = [("fields", name) for name in (policy.fields.named if policy.fields else ())]
    narrowed = [("fields.exclude", name) for name in ((policy.fields.exclude or ()) if policy.fields else ())]
    narrowed += [(f"masks.{name}", name) for name in policy.masks]
    narrowed += [(f"visible_when.{name}", name) for name in policy.visible_when]
    for path, name in named + [each for each in narrowed if each[0] != "fields.exclude"]:
        if name not in fields and not (path == "fields" and name in relations):
            known = "field or relation" if path == "fields" else "field"
            yield path, f"{entity.name} has no {known} {name}{suggestion(name, [*fields, *relations])}"
    for path, name in narrowed:
        if name in entity.primary_key.names:
            yield path, f"{name} is the key, which identifies records to everyone who may see them"


def _masks(policy: PolicyDefinition, fields: Fields) -> Problems:
    for name, said in policy.masks.items():
        if name in fields and not Mask.of(said).fits(fields[name]):
            yield f"masks.{name}", f"{fields[name].type} can't be masked so"


def _visibilities(policy: PolicyDefinition, fields: Fields) -> Problems:
    for name, text in policy.visible_when.items():
        problem = problem_of(text, fields)
        if problem:
            yield f"visible_when.{name}", problem
