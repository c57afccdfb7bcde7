"""What a permission says about an entity must hold for the entity as it is: fields, values, masks, expressions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from libs.shared.errors import detail_of, invalid, sentence
from libs.shared.permissions.grants import checked_test, problem_of
from libs.shared.permissions.masks import Mask
from libs.shared.schema import BadValue, EntityDefinition, FieldDefinition, PolicyDefinition
from services.metadata.schema import Schema

Fields = Mapping[str, FieldDefinition]
Mistakes = Iterator[tuple[str, str]]
"""Where mistakes are, and what they are."""


def check_policy(policy: PolicyDefinition, schema: Schema) -> None:
    """A policy's fields exist, its values and masks fit them, its expressions can be decided by the database.

    Raises VALIDATION_FAILED with a detail per mistake.
    """
    entity = schema.entities[policy.entity].definition
    fields = {field.name: field for field in (*entity.fields, *entity.key_fields)}
    relations = {live.definition.name for live in schema.relations_of(policy.entity)}
    found = [*_conditions(policy, fields), *_names(policy, entity, fields, relations), *_masks(policy, fields)]
    found += _visibilities(policy, fields)
    if found:
        details = [detail_of(where, what) for where, what in found]
        raise invalid(f"Permission is not valid: {sentence(*found[0])}", *details)


def _conditions(policy: PolicyDefinition, fields: Fields) -> Mistakes:
    for number, condition in enumerate(policy.conditions):
        try:
            checked_test(condition, fields, ())
        except BadValue as problem:
            yield f"conditions.{number}", f"{condition.field} {problem}"


def _names(policy: PolicyDefinition, entity: EntityDefinition, fields: Fields, relations: Collection[str]) -> Mistakes:
    """Unknown fields, and the key where something would be taken from it."""
    named = [("fields", name) for name in (policy.fields.named if policy.fields else ())]
    narrowed = [("fields.exclude", name) for name in ((policy.fields.exclude or ()) if policy.fields else ())]
    narrowed += [(f"masks.{name}", name) for name in policy.masks]
    narrowed += [(f"visible_when.{name}", name) for name in policy.visible_when]
    for where, name in named + [each for each in narrowed if each[0] != "fields.exclude"]:
        if name not in fields and not (where == "fields" and name in relations):
            known = "field or relation" if where == "fields" else "field"
            yield where, f"{entity.name} has no {known} {name}"
    for where, name in narrowed:
        if name in entity.primary_key.names:
            yield where, f"{name} is the key, by which records are known to whoever may see them"


def _masks(policy: PolicyDefinition, fields: Fields) -> Mistakes:
    for name, said in policy.masks.items():
        if name in fields and not Mask.of(said).fits(fields[name]):
            yield f"masks.{name}", f"{fields[name].type} can't be masked so"


def _visibilities(policy: PolicyDefinition, fields: Fields) -> Mistakes:
    for name, text in policy.visible_when.items():
        problem = problem_of(text, fields)
        if problem:
            yield f"visible_when.{name}", problem
