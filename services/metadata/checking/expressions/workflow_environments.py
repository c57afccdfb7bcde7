"""The names and types that texts of a workflow can read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from libs.shared.expressions.checking import ANY, DATE, NUMBER, STRING, Environment, Object, Type
from libs.shared.expressions.checking.types import BOOLEAN
from libs.shared.schema import FieldDefinition
from services.metadata.checking.expressions.environments import TYPES, USER, record_type, related_type, type_of
from services.metadata.checking.expressions.location import Document
from services.metadata.model.schema import LiveSchema

EVENT = Object({"action": STRING, "entity": STRING, "record_id": STRING, "metadata": ANY, "user_id": STRING})
"""A business event."""


def entity_of(document: Document) -> str:
    """The entity that a workflow is about; empty if there is none."""
    trigger = document.get("trigger")
    return str(trigger.get("entity") or "") if isinstance(trigger, dict) else ""


def of_start(document: Document, schema: LiveSchema) -> Environment:
    """The paths that fill a workflow's context."""
    record = record_type(schema, entity_of(document))
    return {
        "trigger": _trigger(document, record), "record": record, "record_id": STRING, "initiator": USER, "now": DATE,
    }  # fmt: skip


def of_steps(document: Document, schema: LiveSchema, context: Mapping[str, Type]) -> Environment:
    """Expressions, templates and paths of steps; within loops also `item` and `index`."""
    steps = list(every_step(document.get("steps")))
    inputs = document.get("inputs")
    known = {name: TYPES.get(str(each.get("type")), ANY) for name, each in _members(inputs) if isinstance(each, dict)}
    for step in steps:
        if step.get("type") == "set":
            known |= {name: ANY for name, _ in _members(step.get("values"))}
    outputs = {str(step.get("id")): _output(step, schema) for step in steps}
    start = {name: kind for name, kind in of_start(document, schema).items() if name != "record_id"}
    start["record"] = related_type(schema, entity_of(document))
    return {**start, "context": Object({**known, **context}), "steps": Object(outputs)}


def within_loop(environment: Environment) -> Environment:
    """What a step of a loop sees."""
    return {**environment, "item": ANY, "index": NUMBER}


def every_step(steps: Any) -> Iterator[Mapping[str, Any]]:
    """The steps of a stored document, nested ones too; parts of the wrong shape are skipped."""
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict):
            yield step
            yield from every_step(step.get("steps"))
            if step.get("type") == "parallel":
                for _, branch in _members(step.get("branches")):
                    yield from every_step(branch.get("steps") if isinstance(branch, dict) else None)


def _trigger(document: Document, record: Type) -> Type:
    sent = document.get("trigger")
    trigger = sent if isinstance(sent, dict) else {}
    match trigger.get("type"):
        case "event":
            return Object({"event": EVENT, "record_id": STRING})
        case "manual":
            return Object({"form": _form(trigger.get("form")), "record_id": STRING, "record": record})
        case "schedule":
            return Object({"record_id": STRING, "record": record, "at": STRING})
    return Object({"record_id": STRING, "record": record, "old": record})


def _output(step: Mapping[str, Any], schema: LiveSchema) -> Type:
    """The type of a step's output."""
    match step.get("type"):
        case "condition":
            return Object({"result": ANY})
        case "set":
            return Object({name: ANY for name, _ in _members(step.get("values"))})
        case "approval":
            return Object({
                "decision": STRING, "by": STRING, "on_behalf_of": STRING, "comment": STRING,
                "form": _form(step.get("form")), "seats": ANY,
            })  # fmt: skip
        case "wait":
            return Object({"event": EVENT, "timed_out": BOOLEAN})
        case "parallel":
            return Object({name: ANY for name, _ in _members(step.get("branches"))})
        case "sub_workflow":
            return Object({"instance_id": STRING, "status": STRING, "context": ANY})
        case "loop":
            return Object({"items": ANY})
    return _acted(step, schema)


def _acted(step: Mapping[str, Any], schema: LiveSchema) -> Type:
    """The output of actions: that of the last one."""
    actions = step.get("actions")
    last = actions[-1] if isinstance(actions, list) and actions else None
    record = record_type(schema, str(last.get("entity"))) if isinstance(last, dict) else ANY
    response = Object({"status": NUMBER, "body": ANY})
    return Object({"record_id": ANY, "record": record, "response": response, "comment_id": STRING})


def _form(fields: Any) -> Type:
    found = {}
    for field in fields if isinstance(fields, list) else ():
        if isinstance(field, dict) and isinstance(field.get("name"), str):
            options = field.get("enum")
            enum = options if isinstance(options, list) else None
            name = str(field["name"])
            found[name] = type_of(FieldDefinition.model_construct(name=name, type=str(field.get("type")), enum=enum))
    return Object(found)


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    yield from value.items() if isinstance(value, dict) else ()
