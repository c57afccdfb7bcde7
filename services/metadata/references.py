"""What a rule or state machine says about an entity's fields must hold for the entity as it is."""

from __future__ import annotations

from libs.shared.errors import invalid_field
from libs.shared.schema import BadValue, FieldDefinition
from libs.shared.schema.links import find_link
from libs.shared.schema.rules import (
    ComputedRule,
    FieldRule,
    RelatedLoad,
    RuleDefinition,
    parse_filter,
    parse_operand,
)
from libs.shared.schema.state_machines import STATE_TYPES, SetField, StateMachineDefinition
from services.metadata.schema import Schema


def check_rule(rule: RuleDefinition, schema: Schema) -> None:
    """A rule's field exists, fits its value, or may be computed; what it loads is there. Raises VALIDATION_FAILED."""
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
    if not isinstance(body, FieldRule):
        for number, load in enumerate(body.related_load):
            _check_load(load, f"definition.related_load.{number}", rule.entity, schema)


def _check_load(load: RelatedLoad, where: str, entity: str, schema: Schema) -> None:
    link = find_link(schema.links(entity), load.relation)
    if link is None:
        raise invalid_field(f"{where}.relation", f"{entity} has no relation {load.relation}")
    other = schema.entities[link.entity].definition
    fields = {field.name: field for field in (*other.fields, *other.key_fields)}
    for name, value in load.filter.items():
        try:
            parse_filter(name, value, fields)
        except BadValue as problem:
            raise invalid_field(f"{where}.filter", f"The filter of {load.relation} can't be read: {problem}") from None


def check_machine(machine: StateMachineDefinition, schema: Schema) -> None:
    """A machine's field exists and holds text, and what its actions set exists. Raises VALIDATION_FAILED."""
    field = _field(schema, machine.entity, machine.field, "field")
    if field.type not in STATE_TYPES:
        raise invalid_field("field", f"A state must be a string or text, {field.name} is not")
    for transition in machine.definition.transitions:
        for action in transition.actions:
            if isinstance(action, SetField):
                _field(schema, machine.entity, action.field, "definition.transitions")


def _field(schema: Schema, entity: str, name: str, where: str) -> FieldDefinition:
    for field in schema.entities[entity].definition.fields:
        if field.name == name:
            return field
    raise invalid_field(where, f"{entity} has no field {name}")
