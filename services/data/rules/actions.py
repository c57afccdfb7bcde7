"""What transitions do: fields set in the same write, and effects decided now for the commit or after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from libs.shared import exact
from libs.shared.expressions.templates import resolve, resolve_header, resolve_url
from libs.shared.schema import BadValue
from libs.shared.schema.state_machines import Action, CallWebhook, CreateRecord, SetField, UpdateRecord
from services.data.rules.entity_rules import EntityRules
from services.data.rules.forms import now_text, parsed
from services.data.rules.machines import TakenTransition, TransitionRefused

NOW = "now"
MAX_EFFECT_BYTES = 1_000_000
"""Bytes of one effect."""
RECORD_EFFECTS = frozenset({"create_record", "update_record", "delete_record"})
"""Effects that change records, and so are carried out in the same commit."""


def set_fields(
    rules: EntityRules, transitions: Iterable[TakenTransition], environment: Mapping[str, Any]
) -> dict[str, Any]:
    """The parsed values of the set_field actions. Raises TransitionRefused for one that doesn't fit."""
    values = {}
    for taken in transitions:
        for action in taken.actions:
            field = rules.fields.get(action.field) if isinstance(action, SetField) else None
            if field is None or field.name in rules.fixed or not isinstance(action, SetField):
                continue
            value = now_text(field, environment[NOW]) if action.value == NOW else resolve(action.value, environment)
            try:
                values[field.name] = parsed(field, value)
            except BadValue as problem:
                raise TransitionRefused(taken.machine, f"the transition can't set {field.name}, it {problem}") from None
    return values


def effects_of(transitions: Iterable[TakenTransition], environment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every other action, with all templates filled. Raises TransitionRefused for one that gets too large."""
    return [
        _decided(taken, action, environment)
        for taken in transitions
        for action in taken.actions
        if not isinstance(action, SetField)
    ]


def _decided(taken: TakenTransition, action: Action, environment: Mapping[str, Any]) -> dict[str, Any]:
    machine = taken.machine
    document = exact.document(action)
    request: dict[str, Any] = {}
    if isinstance(action, CallWebhook):
        document["method"] = action.method
        try:
            request["url"] = resolve_url(action.url, environment)
        except ValueError as problem:
            raise TransitionRefused(machine, f"the transition's webhook can't be called: {problem}") from None
        if "headers" in document:
            request["headers"] = {name: resolve_header(text, environment) for name, text in action.headers.items()}
    if isinstance(action, CreateRecord | UpdateRecord):
        document["fields"] = {
            name: now_text(machine.target_field(action.entity, name), environment[NOW]) if value == NOW else value
            for name, value in action.fields.items()
        }
    transition = {"machine": machine.id, "field": machine.field, "from": taken.origin, "to": taken.to}
    effect = {**resolve(document, environment), **request, "transition": transition}
    if len(exact.dumps(effect)) > MAX_EFFECT_BYTES:
        message = f"the result of the transition's action is larger than {MAX_EFFECT_BYTES} bytes"
        raise TransitionRefused(machine, message)
    return effect
