"""Rules: their field and value, and what they load. Pure."""

from __future__ import annotations

from libs.shared.schema import BadValue, FieldDefinition
from libs.shared.schema.links import find_link
from libs.shared.schema.rules import (
    ComputedRule,
    FieldRule,
    RelatedLoad,
    RuleDefinition,
    options,
    parse_filter,
    parse_operand,
)
from libs.shared.schema.validation_errors import suggestion
from services.metadata.checking.references.names import Problems, fields_of, outside_enum, unknown_field
from services.metadata.model.schema import LiveSchema

EQUALS = ("eq", "neq")
LISTS = ("in", "not_in", "enum")


def problems_of(rule: RuleDefinition, schema: LiveSchema) -> Problems:
    """The field exists and fits the value, or may be computed; loaded relations and fields exist."""
    body, entity = rule.definition, schema.entities[rule.entity].definition
    if isinstance(body, FieldRule | ComputedRule) and (wrong := unknown_field(entity, body.field)):
        yield "definition.field", wrong
    elif isinstance(body, FieldRule):
        yield from _value_problems(body, fields_of(entity)[body.field])
    elif isinstance(body, ComputedRule):
        field = fields_of(entity)[body.field]
        if field.auto or field.name in entity.primary_key.names:
            yield "definition.field", f"{field.name} is not for a rule to compute"
    if not isinstance(body, FieldRule):
        for number, load in enumerate(body.related_load):
            yield from _load_problems(load, f"definition.related_load.{number}", rule.entity, schema)


def _value_problems(body: FieldRule, field: FieldDefinition) -> Problems:
    if not body.evaluable:
        return  # imported, and never decided
    try:
        parse_operand(body, field)
    except BadValue as problem:
        yield "definition.value", f"The value for {field.name} {problem}"
        return
    values = [body.value] if body.operator in EQUALS else options(body.value) if body.operator in LISTS else []
    if wrong := outside_enum(field, values):
        yield "definition.value", wrong


def _load_problems(load: RelatedLoad, path: str, entity: str, schema: LiveSchema) -> Problems:
    links = schema.links(entity)
    link = find_link(links, load.relation)
    if link is None:
        names = [name for each in links for name in (each.relation.name, each.entity)]
        yield f"{path}.relation", f"{entity} has no relation {load.relation}{suggestion(load.relation, names)}"
        return
    fields = fields_of(schema.entities[link.entity].definition)
    for name, value in load.filter.items():
        field_name, _, operator = name.partition(".")
        try:
            parse_filter(name, value, fields)
        except BadValue as problem:
            hint = "" if field_name in fields else suggestion(field_name, fields)
            yield f"{path}.filter", f"The filter of {load.relation} can't be read: {problem}{hint}"
            continue
        if operator in ("", *EQUALS, *LISTS):
            values = value if isinstance(value, list) else [] if value is None else [value]
            if wrong := outside_enum(fields[field_name], values):
                yield f"{path}.filter", wrong
