"""State machines: their field and states, and what their transitions do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared.schema.state_machines import (
    STATE_TYPES,
    Action,
    CreateRecord,
    DeleteRecord,
    SendNotification,
    SetField,
    StateMachineDefinition,
    UpdateRecord,
)
from services.metadata.checking.references.names import (
    Problems,
    fields_of,
    outside_enum,
    setting_problems,
    unfit_value,
    unknown_entity,
    unknown_field,
)
from services.metadata.checking.references.notifications import unknown_channel
from services.metadata.model.schema import LiveSchema


def problems_of(machine: StateMachineDefinition, schema: LiveSchema) -> Problems:
    """The field exists and can hold the states; fields, entities and channels of the actions exist."""
    entity = schema.entities[machine.entity].definition
    if wrong := unknown_field(entity, machine.field):
        yield "field", wrong
        return
    field = fields_of(entity)[machine.field]
    if field.type not in STATE_TYPES:
        yield "field", f"A state must be a string or text, {field.name} is not"
        return
    for path, state in states_of(machine):
        if wrong := outside_enum(field, [state]):
            yield path, wrong
    for number, transition in enumerate(machine.definition.transitions):
        for action_number, action in enumerate(transition.actions):
            path = f"definition.transitions.{number}.actions.{action_number}."
            yield from _action_problems(action, machine.entity, path, schema)


def states_of(machine: StateMachineDefinition) -> list[tuple[str, str]]:
    """Every state that a machine names, with its path."""
    found = [("definition.initial", machine.definition.initial)]
    for number, transition in enumerate(machine.definition.transitions):
        path = f"definition.transitions.{number}"
        found += [(f"{path}.from", origin) for origin in sorted(transition.origins)]
        found.append((f"{path}.to", transition.to))
    return found


def _action_problems(action: Action, own: str, path: str, schema: LiveSchema) -> Problems:
    match action:
        case SetField():
            yield from setting_problems(schema, own, action.field, action.value, path, "field")
        case CreateRecord() | UpdateRecord() | DeleteRecord():
            if wrong := unknown_entity(schema, action.entity):
                yield f"{path}entity", wrong
            elif isinstance(action, UpdateRecord):
                for name, value in action.fields.items():
                    yield from setting_problems(schema, action.entity, name, value, path, f"fields.{name}")
            elif isinstance(action, CreateRecord):
                yield from creating_problems(action.entity, action.fields, path, schema)
        case SendNotification() if wrong := unknown_channel(action.channel, schema):
            yield f"{path}channel", wrong


def creating_problems(entity: str, fields: Mapping[str, Any], path: str, schema: LiveSchema) -> Problems:
    """The errors of the fixed values of a new record."""
    definition = schema.entities[entity].definition
    known = fields_of(definition)
    for name, value in fields.items():
        if wrong := unknown_field(definition, name) or unfit_value(known[name], value):
            yield f"{path}fields.{name}", wrong
