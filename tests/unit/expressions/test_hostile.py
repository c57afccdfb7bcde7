"""Odd values from outside: only our own errors come out, and they tell nothing of Python."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any

import pytest

from libs.shared.expressions import EvaluationError, compile_expression
from libs.shared.expressions.functions import FUNCTIONS
from tests.unit.expressions.evaluating import gives

PYTHON = re.compile(r"Traceback|Error|<|__|0x|None|\bint\b|\bstr\b|dict|tuple|Decimal|datetime|object at|lark|secret")
OPERATORS = ["==", "!=", "<", ">=", "in", "not in", "+", "-", "*", "/", "%", "&&", "||"]


class Small(IntEnum):
    ONE = 1


class Word(StrEnum):
    A = "a"


class Colour(Enum):
    RED = "red"


class Trap:
    """An expression that touches it has reached Python."""

    secret = "secret"

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was looked up")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    def __hash__(self) -> int:
        raise AssertionError("hashed")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if depth % 2 else {"a": value}
    return value


VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    10**38,
    10**5000,
    1.5,
    1e308,
    5e-324,
    float("inf"),
    float("nan"),
    Decimal("sNaN"),
    Decimal("-Infinity"),
    Decimal("1E+999999"),
    Decimal("1E-999999"),
    Decimal("1." + "1" * 500),
    "",
    "secret",
    "2024-01-31",
    "9999-12-31T23:59:59-14:00",
    "\ud800",
    "\x00",
    "(" * 50,
    date.min,
    date.max,
    datetime.min,  # noqa: DTZ901
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-23))),
    datetime(2024, 1, 31, tzinfo=UTC),
    timedelta.min,
    timedelta.max,
    [],
    [None],
    [[], {}],
    ({},),
    {},
    {"a": 1},
    {1: 2},
    {None: 3},
    nested(5000),
    nested(5001),
    Small.ONE,
    Word.A,
    Colour.RED,
    b"secret",
    {"secret"},
    Trap(),
    Trap,
]


def outcome(text: str, environment: dict[str, Any]) -> Any:
    """The value of `text`; a message is checked to be fit for strangers."""
    try:
        return compiled(text)(environment)
    except EvaluationError as error:
        assert str(error) == error.message
        assert not PYTHON.search(error.message), (text, error.message)
        assert error.__cause__ is None
        return error


def compiled(text: str) -> Any:
    if text not in EXPRESSIONS:
        EXPRESSIONS[text] = compile_expression(text)
    return EXPRESSIONS[text]


EXPRESSIONS: dict[str, Any] = {}


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators(operator: str) -> None:
    for x, y in itertools.product(VALUES, VALUES):
        found = outcome(f"x {operator} y", {"x": x, "y": y})
        if operator in ("==", "!="):
            assert found is True or found is False


@pytest.mark.parametrize("text", ["-x", "!x", "x ? 1 : 2", "x.a", "x.length", "x['a']", "x[0]", "[x]", "x == x"])
def test_operators_with_one_side(text: str) -> None:
    for x in VALUES:
        outcome(text, {"x": x})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    function = FUNCTIONS[name]
    most = function.least + 1 if function.most is None else function.most
    for count in range(function.least, most + 1):
        text = f"{name}({', '.join('xyz'[:count])})"
        # Three odd values at once teach no more than two.
        for x, y in itertools.product(VALUES, VALUES if count > 1 else [None]):
            outcome(text, {"x": x, "y": y, "z": y})


@pytest.mark.parametrize("text", ["sum(x, it)", "any(x, it == y)", "max(x, it.a)", "all(x, y)", "count(x, it + y)"])
def test_rows(text: str) -> None:
    for y in VALUES:
        outcome(text, {"x": VALUES, "y": y})
        outcome(text, {"x": [y, y, {"a": y, "it": 1}], "y": 1})


@pytest.mark.parametrize(
    "text",
    ["x.__class__", "x.__class__.__mro__", "x['__class__']", "x.secret", "len(x.__dict__)", "[x][0].secret"],
)
def test_nothing_of_python_can_be_reached(text: str) -> None:
    for x in VALUES:
        found = outcome(text, {"x": x})
        assert found is None or found == 0


def test_enums_are_what_they_inherit() -> None:
    gives("x == 1 && x + 1 == 2 && '' + x == '1'", True, x=Small.ONE)
    gives("x == 'a' && x + 'b' == 'ab' && x in ['a']", True, x=Word.A)
    gives("x == 'red' || x == nil", False, x=Colour.RED)


def test_deep_values_are_compared_without_recursion() -> None:
    gives("x == y", True, x=nested(5000), y=nested(5000))
    gives("x == y", False, x=nested(5000), y=nested(5002))


def test_nothing_outside_is_changed() -> None:
    environment = {"record": {"list": [3, 1, 2], "n": 1.5}}
    compiled("[min(record.list), record.list + nil, record.n * 2, record.list == [1]]")(environment)
    assert environment == {"record": {"list": [3, 1, 2], "n": 1.5}}
