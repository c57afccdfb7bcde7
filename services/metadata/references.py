"""What a rule, state machine or policy says about an entity's fields must hold for the entity as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from libs.shared.errors import invalid, invalid_field
from libs.shared.permissions.grants import checked_test, problem_of
from libs.shared.permissions.masks import Mask
from libs.shared.schema import BadValue, EntityDefinition, FieldDefinition, PolicyDefinition
from libs.shared.schema.rules import ComputedRule, FieldRule, RuleDefinition, parse_operand
from libs.shared.schema.state_machines import STATE_TYPES, SetField, StateMachineDefinition
from services.metadata.schema import Schema


def check_rule(rule: RuleDefinition, schema: Schema) -> None:
    """A rule's field exists, fits its value, or may be computed. Raises VALIDATION_FAILED."""
    body = rule.definition
    if isinstance(body, FieldRule):
        field = _field(schema, rule.entity, body.field, "definition.field")
        try:
            parse_operand(body, field)
        except BadValue as problem:
            raise invalid_field("definition.value", f"The value for {field.name} {problem}") from None
    elif isinstance(body, ComputedRule):
        field = _field(schema, rule.entity, body.field, "definition.field")
        if field.auto or field.name in schema.entities[rule.entity].definition.primary_key.names:
            raise invalid_field("definition.field", f"{field.name} is not for a rule to compute")


def check_machine(machine: StateMachineDefinition, schema: Schema) -> None:
    """A machine's field exists and holds text, and what its actions set exists. Raises VALIDATION_FAILED."""
    field = _field(schema, machine.entity, machine.field, "field")
    if field.type not in STATE_TYPES:
        raise invalid_field("field", f"A state must be a string or text, {field.name} is not")
    for transition in machine.definition.transitions:
        for action in transition.actions:
            if isinstance(action, SetField):
                _field(schema, machine.entity, action.field, "definition.transitions")


def check_policy(policy: PolicyDefinition, schema: Schema) -> None:
    """A policy's fields exist, its values and masks fit them, its expressions can be decided by the database.

    Raises VALIDATION_FAILED with a detail per mistake.
    """
    definition = schema.entities[policy.entity].definition
    fields = {field.name: field for field in definition.fields} | {field.name: field for field in definition.key_fields}
    details = [{"field": where, "message": f"{where}: {what}"} for where, what in _mistakes(policy, definition, fields)]
    if details:
        raise invalid(f"Permission is not valid: {details[0]['message']}", *details)


def _mistakes(
    policy: PolicyDefinition, definition: EntityDefinition, fields: Mapping[str, FieldDefinition]
) -> Iterator[tuple[str, str]]:
    """Where mistakes are, and what they are."""
    for number, condition in enumerate(policy.conditions):
        try:
            checked_test(condition, fields, ())
        except BadValue as problem:
            yield f"conditions.{number}", f"{condition.field}: {problem}"
    keys = definition.primary_key.names
    excluded = policy.fields.exclude or () if policy.fields else ()
    for name in policy.fields.named if policy.fields else ():
        if name not in fields:
            yield "fields", f"{definition.name} has no field {name}"
    for where, names in (("fields.exclude", excluded), ("masks", policy.masks), ("visible_when", policy.visible_when)):
        for name in names:
            place = where if where == "fields.exclude" else f"{where}.{name}"
            if name in keys:
                yield place, f"{name} is the key, by which records are known to whoever may see them"
            elif name not in fields and where != "fields.exclude":
                yield place, f"{definition.name} has no field {name}"
    for name, said in policy.masks.items():
        if name in fields and not Mask.of(said).fits(fields[name]):
            yield f"masks.{name}", f"{fields[name].type} can't be masked so"
    for name, text in policy.visible_when.items():
        if problem := problem_of(text, fields):
            yield f"visible_when.{name}", problem


def _field(schema: Schema, entity: str, name: str, where: str) -> FieldDefinition:
    for field in schema.entities[entity].definition.fields:
        if field.name == name:
            return field
    raise invalid_field(where, f"{entity} has no field {name}")
