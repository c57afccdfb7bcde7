"""Field rules as predicates of a value: one per operator, made once per schema version."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from libs.shared import exact
from libs.shared.expressions.errors import EvaluationError
from libs.shared.expressions.functions.patterns import MAX_PATTERN_CHARACTERS, PatternError, compiled, found_in
from libs.shared.expressions.limits import Meter
from libs.shared.expressions.values.comparing import Order, equal, ordered
from libs.shared.expressions.values.figures import plain
from libs.shared.like import Like
from libs.shared.schema import BadValue, FieldDefinition
from libs.shared.schema.rules import FieldRule, parse_operand
from services.data.rules.forms import serialize

Predicate = Callable[[Any], bool]
"""Whether a serialized value that is neither absent nor null satisfies a rule."""

ORDERS: dict[str, Order] = {
    "min": operator.ge, "gte": operator.ge, "gt": operator.gt,
    "max": operator.le, "lte": operator.le, "lt": operator.lt,
}  # fmt: skip
ORDER_TEXTS = {
    "min": "must be at least {}", "gte": "must be at least {}", "gt": "must be greater than {}",
    "max": "must be at most {}", "lte": "must be at most {}", "lt": "must be less than {}",
    "min_length": "must have a length of at least {}", "max_length": "must have a length of at most {}",
    "pattern": "must match the pattern {}", "like": "must be like {}",
    "eq": "must be {}", "neq": "must not be {}",
    "in": "must be one of {}", "enum": "must be one of {}", "not_in": "must not be one of {}",
    "not_empty": "must not be empty", "required": "is required",
}  # fmt: skip


def predicate_of(rule: FieldRule, field: FieldDefinition) -> Predicate | None:
    """The predicate of a rule; None for a rule that can't be decided, which nothing violates."""
    if not rule.evaluable:
        return None
    try:
        return _predicate(rule.operator, serialize_operand(rule, field))
    except (BadValue, PatternError):
        return None


def message_of(rule: FieldRule) -> str:
    """The rule's message, or a default one. The detail names the field."""
    return rule.message or ORDER_TEXTS[rule.operator].format(rule.value)


def serialize_operand(rule: FieldRule, field: FieldDefinition) -> Any:
    """What a record's serialized value is compared with. Raises BadValue."""
    value = parse_operand(rule, field)
    if field.type in ("json", "file"):
        return value  # serialized already; a list is a value itself
    return [serialize(field, option) for option in value] if isinstance(value, list) else serialize(field, value)


def _predicate(name: str, operand: Any) -> Predicate:
    match name:
        case "eq":
            return lambda value: equal(value, operand, Meter())
        case "neq":
            return lambda value: not equal(value, operand, Meter())
        case "in" | "enum":
            return lambda value: _among(value, operand)
        case "not_in":
            return lambda value: not _among(value, operand)
        case "min_length":
            return lambda value: _length(value) >= operand
        case "max_length":
            return lambda value: _length(value) <= operand
        case "pattern":
            return _matching(operand)
        case "like":
            return _like(operand)
        case "not_empty" | "required":
            return lambda value: value not in ("", [], {})
    return _within(ORDERS[name], operand)


def _among(value: Any, options: list[Any]) -> bool:
    meter = Meter()
    return any(equal(value, option, meter) for option in options)


def _within(order: Order, limit: Any) -> Predicate:
    def check(value: Any) -> bool:
        try:
            return ordered(order, value, limit, Meter())
        except EvaluationError:
            return False

    return check


def _matching(pattern: str) -> Predicate:
    found = compiled(pattern)

    def check(value: Any) -> bool:
        try:
            return found_in(found, _text(value), Meter())
        except EvaluationError:
            return False

    return check


def _like(pattern: str) -> Predicate:
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise PatternError
    like = Like(pattern)
    return lambda value: like.matches(_text(value))


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | dict) else len(_text(value))


def _text(value: Any) -> str:
    """The text that patterns are matched with."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | list | dict):
        return exact.dumps(value).decode()
    return plain(value)
