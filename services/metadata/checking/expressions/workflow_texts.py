"""Where stored workflows hold expressions, templates and paths. Pure.

Parts of the wrong shape are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from libs.shared.expressions.checking import Environment, Type
from libs.shared.schema.workflows.actions import TEMPLATES
from services.metadata.checking.expressions import workflow_environments as environments
from services.metadata.checking.expressions.location import PLACEHOLDER, Document, ExpressionLocation, Key, TextForm
from services.metadata.checking.expressions.locations import (
    FILLED_BY_SENDER,
    Locations,
    expression_at,
    numbered,
    templates_in,
    value_at,
)
from services.metadata.model.schema import LiveSchema

ROOTS = ("context", "trigger", "record", "steps", "item", "initiator")
"""What a path begins with; other texts are ids of records."""


def of_workflow(document: Document, schema: LiveSchema) -> Locations:
    """Every text of a workflow."""
    start = environments.of_start(document, schema)
    yield from _of_trigger(document, start)
    context: dict[str, Type] = {}
    paths = document.get("context")
    for name, path in (paths if isinstance(paths, dict) else {}).items():
        location = ExpressionLocation(("context", name), str(path), TextForm.PATH, start, is_optional=True)
        context[name] = location.path_type()
        yield location
    seen = environments.of_steps(document, schema, context)
    # The record of a commit comes without those that it refers to.
    yield from expression_at(document, ("cancel_when",), {**seen, "record": start["record"], "old": start["record"]})
    yield from _of_list(document.get("steps"), ("steps",), seen)


def _of_trigger(document: Document, start: Environment) -> Locations:
    if value_at(document, ("trigger", "type")) == "event":
        seen: Environment = {"event": environments.EVENT, "now": start["now"]}
    else:
        seen = {name: start[name] for name in ("record", "initiator", "now")} | {"old": start["record"]}
    yield from expression_at(document, ("trigger", "condition"), seen)


def _of_list(steps: Any, key: Key, seen: Environment) -> Locations:
    for number, step in numbered(steps):
        if isinstance(step, dict):
            yield from _shifted(_of_step(step, seen), (*key, number))


def _shifted(found: Locations, key: Key) -> Locations:
    """Locations within a part, as locations of the whole."""
    for each in found:
        yield ExpressionLocation((*key, *each.key), each.text, each.form, each.environment, each.is_optional)


def _of_step(step: Document, seen: Environment) -> Locations:
    yield from READERS.get(str(step.get("type")), _of_nothing)(step, seen)


def _of_nothing(step: Document, seen: Environment) -> Locations:
    yield from ()


def _of_actions(step: Document, seen: Environment) -> Locations:
    for number, action in numbered(step.get("actions")):
        if isinstance(action, dict):
            yield from _shifted(_of_action(action, seen), ("actions", number))


def _of_condition(step: Document, seen: Environment) -> Locations:
    yield from expression_at(step, ("expression",), seen)
    for number, _ in numbered(step.get("branches")):
        yield from expression_at(step, ("branches", number, "when"), seen)


def _of_set(step: Document, seen: Environment) -> Locations:
    for name in _names(step.get("values")):
        yield from expression_at(step, ("values", name), seen)


def _of_wait(step: Document, seen: Environment) -> Locations:
    yield from _path(step, ("until",), seen)
    yield from expression_at(step, ("event", "condition"), {**seen, "event": environments.EVENT})


def _of_sub_workflow(step: Document, seen: Environment) -> Locations:
    for name in _names(step.get("context")):
        yield from _path(step, ("context", name), seen)


def _of_parallel(step: Document, seen: Environment) -> Locations:
    for name in _names(step.get("branches")):
        key: Key = ("branches", name, "steps")
        yield from _of_list(value_at(step, key), key, seen)


def _of_loop(step: Document, seen: Environment) -> Locations:
    yield from _path(step, ("over",), seen)
    yield from _of_list(step.get("steps"), ("steps",), environments.within_loop(seen))


def _of_approval(step: Document, seen: Environment) -> Locations:
    keys: list[Key] = [("approvers", number) for number, _ in numbered(step.get("approvers"))]
    keys += [("escalation", number, "to") for number, _ in numbered(step.get("escalation"))]
    for key in keys:
        yield from _path(step, (*key, "path"), seen)
        yield from expression_at(step, (*key, "expression"), seen)


def _of_action(action: Document, seen: Environment) -> Locations:
    record_id = action.get("record_id")
    if isinstance(record_id, str):
        if PLACEHOLDER.search(record_id):
            yield ExpressionLocation(("record_id",), record_id, TextForm.TEMPLATE, seen)
        elif record_id.partition(".")[0] in ROOTS and "." in record_id:
            yield ExpressionLocation(("record_id",), record_id, TextForm.PATH, seen)
    filled = {**seen, **FILLED_BY_SENDER} if action.get("type") == "webhook" else seen
    for name in TEMPLATES:
        if name == "to" and action.get("type") == "send_notification":
            for number, _ in numbered(action.get("to")):
                yield from _path(action, ("to", number, "path"), seen)
        elif name in action:
            yield from templates_in(action[name], (name,), filled)


def _path(document: Document, key: Key, seen: Environment) -> Locations:
    text = value_at(document, key)
    if isinstance(text, str):
        yield ExpressionLocation(key, text, TextForm.PATH, seen)


def _names(value: Any) -> Iterator[str]:
    yield from value if isinstance(value, dict) else ()


READERS: Mapping[str, Callable[[Document, Environment], Locations]] = {
    "action": _of_actions,
    "condition": _of_condition,
    "set": _of_set,
    "approval": _of_approval,
    "wait": _of_wait,
    "parallel": _of_parallel,
    "sub_workflow": _of_sub_workflow,
    "loop": _of_loop,
}
"""What finds the texts of a step, by its type."""
