"""The language once more, as plainly as it can be said: a walk over the tree, without any speed.

Numbers are fractions, rounded to 38 digits after each operation; nothing is taken from the real one
but the tree. `Undefined` stands for EvaluationError.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from libs.shared.expressions.syntax import tree
from tests.unit.expressions import model_functions
from tests.unit.expressions.model_values import (
    Undefined,
    add,
    before_or_after,
    equals,
    instant,
    lift,
    quotient,
    rounded,
    true,
    within,
)

Scopes = list[Any]
"""The environment and the rows around a node, the innermost last."""


def evaluate(node: tree.Node, environment: Mapping[str, Any]) -> Any:
    """The value of `node`, in the model's own types; Undefined where it has none."""
    return _value(node, [lift(environment)])


def _value(node: tree.Node, scopes: Scopes) -> Any:
    match node:
        case tree.Constant(found):
            return lift(found)
        case tree.Path(names):
            return _path(names, scopes)
        case tree.Choice(test, then, otherwise):
            return _value(then if true(_value(test, scopes)) else otherwise, scopes)
        case tree.Logic("&&", operands):
            return all(true(_value(operand, scopes)) for operand in operands)
        case tree.Logic(_, operands):
            return any(true(_value(operand, scopes)) for operand in operands)
        case tree.Call(name, arguments):
            return _call(name, arguments, scopes)
    return _of_values(node, [_value(child, scopes) for child in tree.children(node)])


def _of_values(node: tree.Node, values: list[Any]) -> Any:  # noqa: C901 - one line a node
    """The value of a node that needs the values of everything below it."""
    match node:
        case tree.Items():
            return values
        case tree.Member(name=name):
            return _member(values[0], name)
        case tree.Index():
            return _element(*values)
        case tree.Negation():
            return not true(values[0])
        case tree.Negative():
            return _opposite(values[0])
        case tree.Arithmetic("+"):
            return add(*values)
        case tree.Arithmetic(operator):
            return None if None in values else _arithmetic(operator, *values)
        case tree.Comparison("==" | "!=" as operator):
            return equals(*values) is (operator == "==")
        case tree.Comparison("in" | "not in" as operator):
            return within(*values) is (operator == "in")
        case tree.Comparison(operator):
            return before_or_after(operator, *values)
    raise AssertionError(node)


def _path(names: tuple[str, ...], scopes: Scopes) -> Any:
    found = _lookup(names[0], scopes)
    for name in names[1:]:
        found = _member(found, name)
    return found


def _lookup(name: str, scopes: Scopes) -> Any:
    for row in reversed(scopes[1:]):
        if name == "it":
            return row
        if isinstance(row, dict) and name in row:
            return row[name]
    return scopes[0].get(name)


def _member(target: Any, name: str) -> Any:
    if isinstance(target, dict):
        return target.get(name)
    return Fraction(len(target)) if name == "length" and isinstance(target, (str, list)) else None


def _element(target: Any, index: Any) -> Any:
    if isinstance(index, str):
        return _member(target, index)
    if isinstance(target, list) and isinstance(index, Fraction) and index in range(-len(target), len(target)):
        return target[int(index)]
    return None


def _opposite(value: Any) -> Any:
    if value is not None and not isinstance(value, (Fraction, timedelta)):
        raise Undefined
    return None if value is None else -value


def _arithmetic(operator: str, left: Any, right: Any) -> Any:
    match operator, left, right:
        case "-", Fraction(), Fraction():
            return rounded(left - right)
        case "-", (date() | str() | timedelta()), timedelta():
            return add(left, -right)
        case "-", (date() | str()), (date() | str()):
            return instant(left) - instant(right)
        case "*", Fraction(), Fraction():
            return rounded(left * right)
        case ("/", Fraction(), Fraction()) | ("/", timedelta(), timedelta()):
            return quotient(left, right)
        case "%", Fraction(), Fraction() if right:
            rest = abs(left) % abs(right)
            return -rest if left < 0 else rest
    raise Undefined


def _call(name: str, arguments: tuple[tree.Node, ...], scopes: Scopes) -> Any:
    if name == "now":
        return scopes[0].get("now")
    values = (_value(argument, scopes) for argument in arguments)
    if name == "coalesce":
        return next((value for value in values if value is not None), None)
    if name not in model_functions.AGGREGATES:
        return model_functions.call(name, list(values))
    first = next(values)
    if len(arguments) == 1:
        return model_functions.aggregate(name, _rows(first), counting=False)
    if len(arguments) == 2 and (isinstance(first, list) or name not in ("min", "max")):
        rows = (_value(arguments[1], [*scopes, row]) for row in _rows(first))
        return model_functions.aggregate(name, rows, counting=True)
    return model_functions.aggregate(name, [first, *values], counting=True)


def _rows(value: Any) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise Undefined
    return value or []
