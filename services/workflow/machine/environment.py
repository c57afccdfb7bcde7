"""What the texts of a step read, and their values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from libs.shared.expressions import EvaluationError
from libs.shared.expressions.templates import resolve, time_text
from services.workflow.machine.plan import compiled_text
from services.workflow.machine.state import Frame, InstanceState

ROOTS = ("context", "trigger", "record", "steps", "item", "initiator")
"""What a path begins with."""


class StepFailed(Exception):
    """A step can't be done; the text says why."""


def environment_of(state: InstanceState, frame: Frame, now: datetime) -> dict[str, Any]:
    """The names that a step of a frame sees."""
    seen: dict[str, Any] = {
        "context": state.context,
        "record": frame.data.get("record"),
        "trigger": state.trigger,
        "initiator": state.initiator,
        "steps": state.steps,
        "now": now,
    }
    around: Frame | None = frame
    while around is not None:
        if around.index is not None:
            seen |= {"item": around.item, "index": around.index}
            break
        around = state.frames.get(around.parent) if around.parent is not None else None
    return seen


def evaluated(text: str, environment: Mapping[str, Any], what: str) -> Any:
    """The result of an expression. Raises StepFailed."""
    compiled = compiled_text(text)
    if compiled is None:
        raise StepFailed(f"{what} does not compile")
    try:
        return compiled(environment)
    except EvaluationError as problem:
        raise StepFailed(f"{what} could not be evaluated: {problem}") from None


def holds(text: str, environment: Mapping[str, Any], what: str) -> bool:
    """Whether an expression is true. Raises StepFailed."""
    compiled = compiled_text(text)
    if compiled is None:
        raise StepFailed(f"{what} does not compile")
    try:
        return compiled.test(environment)
    except EvaluationError as problem:
        raise StepFailed(f"{what} could not be evaluated: {problem}") from None


def at_path(path: str, environment: Mapping[str, Any]) -> Any:
    """The value at a path such as `trigger.record.customer.id`; None when there is none."""
    value: Any = environment
    for name in path.split("."):
        if isinstance(value, list) and name.isdigit():
            value = value[int(name)] if int(name) < len(value) else None
        elif isinstance(value, Mapping):
            value = value.get(name)
        else:
            return None
    return value


def filled(value: Any, environment: Mapping[str, Any], what: str) -> Any:
    """A value whose templates are filled. Raises StepFailed."""
    try:
        return resolve(value, environment)
    except EvaluationError as problem:
        raise StepFailed(f"{what} could not be filled: {problem}") from None


def record_named(text: str, environment: Mapping[str, Any]) -> str:
    """The record id of an action: the value of a path or template, else the text itself. Raises StepFailed."""
    value: Any = text
    if "{{" in text:
        value = filled(text, environment, "record_id")
    elif text.partition(".")[0] in ROOTS and "." in text:
        value = at_path(text, environment)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise StepFailed(f"{text} names no record")
    return str(value)


def as_json(value: Any) -> Any:
    """The result of an expression as JSON can hold it. Raises StepFailed."""
    match value:
        case None | bool() | int() | float() | Decimal() | str():
            return value
        case datetime():
            return time_text(value)
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): as_json(each) for key, each in value.items()}
        case list() | tuple():
            return [as_json(each) for each in value]
    raise StepFailed(f"{type(value).__name__} is no value that can be kept")
