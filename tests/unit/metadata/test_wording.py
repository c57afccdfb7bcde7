"""Refused definitions say where the mistake is in the document, all at once, in words that are not pydantic's."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.errors import RocketError
from libs.shared.schema.kinds import KINDS
from services.metadata.checking.parsing import parse

OURS = (
    "Input should",
    "constrained",
    "literal[",
    "Goto",
    "tag",
    "instance of",
    "valid ",
    "Field required",
    "function-",
)
"""What only pydantic would say."""


def mistakes(kind: str, document: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(RocketError) as refusal:
        parse(KINDS[kind], document)
    found = {detail["field"]: detail["message"] for detail in refusal.value.details}
    assert not [word for word in OURS for text in (*found, *found.values(), refusal.value.message) if word in text]
    first, message = next(iter(found.items()))
    assert refusal.value.message == f"{KINDS[kind].label} is not valid: {first}: {message}"
    return found


def test_a_union_is_one_mistake_in_the_place_of_its_value() -> None:
    step = {"id": "a", "type": "action"}
    steps = [{**step, "then": "b"}, {**step, "id": "b", "then": {"goto": 5}}, {**step, "id": "c", "then": 5}]
    trigger = {"type": "state_change", "entity": "e", "field": "f", "to": []}
    assert mistakes("workflows", {"name": "w", "trigger": trigger, "steps": steps}) == {
        "trigger.to": "must be a string or true or false or a whole number or a number",
        "steps.0.then": 'must be "end" or an object',
        "steps.1.then.goto": "must be a string",
        "steps.2.then": 'must be "end" or an object',
    }


def test_mistakes_of_tagged_unions_are_in_the_tagged_member() -> None:
    actions = [{"type": "set_field"}, {"type": "x"}, {}, 5]
    steps = [{"id": "a", "type": "action", "actions": actions}, {"id": "b", "type": "y"}, {"id": "c"}]
    trigger = {"type": "state_change", "entity": "", "field": "f", "to": "x"}
    assert mistakes("workflows", {"name": "w", "trigger": trigger, "steps": steps}) == {
        "trigger.entity": "must not be empty",
        "steps.0.actions.0.entity": "is required",
        "steps.0.actions.0.record_id": "is required",
        "steps.0.actions.0.field": "is required",
        "steps.0.actions.1.type": "must be one of set_field, create_record, update_record, delete_record, "
        "transition, webhook, send_event, send_notification, add_comment",
        "steps.0.actions.2.type": "is required",
        "steps.0.actions.3": "must be an object",
        "steps.1.type": "must be one of action, condition, set, approval, wait, parallel, sub_workflow, loop",
        "steps.2.type": "is required",
    }


def test_lists_and_single_values_that_are_both_possible() -> None:
    transitions = [{"from": [5], "to": ""}, {"from": [], "to": "a"}, {"from": {}, "to": "a"}, {"from": "", "to": "a"}]
    document = {"entity": "e", "field": "f", "definition": {"initial": 1, "transitions": transitions}}
    assert mistakes("state-machines", document) == {
        "definition.initial": "must be a string",
        "definition.transitions.0.from.0": "must be a string",
        "definition.transitions.0.to": "must not be empty",
        "definition.transitions.1.from": "must not be empty",
        "definition.transitions.2.from": "must be a string or a list",
        "definition.transitions.3.from": "must not be empty",
    }


def test_every_part_of_an_entity_is_looked_at() -> None:
    fields = [
        {"name": "9", "type": "strng"},
        {"type": "int", "precision": 30},
        {"name": "a", "type": "int", "auto": "x"},
    ]
    key = {"field": "id", "type": "x"}
    found = mistakes("entities", {"name": 1, "fields": fields, "primary_key": key, "soft_delete": "maybe"})
    assert list(found) == [
        "name", "table", "primary_key.type", "soft_delete", "fields.0.name", "fields.0.type", "fields.1.name",
        "fields.1.precision", "fields.2.auto",
    ]  # fmt: skip
    assert found["fields.1.precision"] == "may be at most 18" and found["soft_delete"] == "must be true or false"
