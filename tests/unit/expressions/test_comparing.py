"""Equality, order and membership."""

from __future__ import annotations

from collections import UserDict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.expressions.evaluating import fails, gives

DAY = date(2024, 1, 31)
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)

SAME = [
    (1, 1.0),
    (1, Decimal("1.00")),
    (0.1, Decimal("0.1")),
    (1e22, 10**22),
    (0, -0.0),
    (None, None),
    (True, True),
    ("a", "a"),
    ([1, "a"], (1.0, "a")),
    ([[1], {"x": 1}], [[Decimal(1)], {"x": 1.0}]),
    ({"a": 1, "b": None}, UserDict({"b": None, "a": 1.0})),
    (DAY, DAY),
    (DAY, "2024-01-31"),
    (DAY, datetime(2024, 1, 31, tzinfo=UTC)),
    (NOON, "2024-01-31T12:00:00Z"),
    (NOON, "2024-01-31T13:00:00+01:00"),
    (NOON, "2024-01-31 12:00"),
    (NOON, "2024-01-31T12:00:00.000000000Z"),
    (NOON, datetime(2024, 1, 31, 14, tzinfo=timezone(timedelta(hours=2)))),
    (NOON, datetime(2024, 1, 31, 12)),  # noqa: DTZ001 - a time without zone is UTC
    (timedelta(hours=24), timedelta(days=1)),
]
DIFFERENT = [
    (1, 2),
    (1, True),
    (0, False),
    (1, "1"),
    (0, None),
    (0, ""),
    ("", None),
    (False, None),
    ([], None),
    ([], {}),
    ("a", "A"),
    ([1], [True]),
    ([1], [1, 2]),
    ({"a": 1}, {"b": 1}),
    ({"a": 1}, {"a": 1, "b": None}),
    ({"a": 1}, {"a": True}),
    (DAY, "2024-02-31"),
    (DAY, "today"),
    (DAY, 20240131),
    (DAY, NOON),
    (timedelta(seconds=1), 1),
    (float("inf"), float("inf")),
    (float("nan"), 1),
    (Decimal("sNaN"), Decimal("sNaN")),
    (object(), "a"),
]


@pytest.mark.parametrize(("one", "other", "equal"), [*((*p, True) for p in SAME), *((*p, False) for p in DIFFERENT)])
def test_equality(one: Any, other: Any, equal: bool) -> None:
    for left, right in ((one, other), (other, one)):
        gives("x == y", equal, x=left, y=right)
        gives("x === y", equal, x=left, y=right)
        gives("x != y", not equal, x=left, y=right)
        gives("x !== y", not equal, x=left, y=right)
        gives("x in [y]", equal, x=left, y=right)


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("x == 'a'", "a", True),
        ("'a' == x", "b", False),
        ("x == 'a'", None, False),
        ("x == 'a'", 1, False),
        ("x == '2024-01-31'", DAY, True),
        ("x == 1", 1.0, True),
        ("1 == x", Decimal("1.0"), True),
        ("x == 1", True, False),
        ("x == 1", "1", False),
        ("x == 1.50", 1.5, True),
        ("x == true", 1, False),
        ("x == nil", False, False),
        ("x != nil", None, False),
        ("x in ['a', 'b']", "b", True),
        ("x in ['a', 'b']", None, False),
        ("x not in ['a', 'b']", 1, True),
        ("x in ['2024-01-31']", DAY, True),
        ("x in [1, 'a']", 1.0, True),
        ("x in []", None, False),
        ("x in [nil]", None, True),
    ],
)
def test_constants_on_one_side(text: str, value: Any, expected: bool) -> None:
    gives(text, expected, x=value)


RISING = [
    (1, 2),
    (0.1, Decimal("0.2")),
    (-1, 0.5),
    (2**53, Decimal(2**53 + 1)),
    ("a", "b"),
    ("", "a"),
    ("2024-01-31", "2024-02-01"),
    (DAY, NOON),
    (DAY, date(2024, 2, 1)),
    (DAY, "2024-02-01"),
    ("2024-01-31T12:59:00+01:00", NOON),
    (NOON, "2024-01-31T12:00:01"),
    (timedelta(hours=23), timedelta(days=1)),
]


@pytest.mark.parametrize(("low", "high"), RISING)
def test_order(low: Any, high: Any) -> None:
    results = [
        ("<", True, False, False),
        ("<=", True, False, True),
        (">", False, True, False),
        (">=", False, True, True),
    ]
    for operator, rising, falling, level in results:
        gives(f"x {operator} y", rising, x=low, y=high)
        gives(f"x {operator} y", falling, x=high, y=low)
        gives(f"x {operator} y", level, x=low, y=low)


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
def test_order_with_nil_is_false(operator: str) -> None:
    values: list[Any] = [None, 1, "a", DAY, True, []]
    for value in values:
        gives(f"x {operator} y", False, x=None, y=value)
        gives(f"x {operator} y", False, x=value, y=None)
    gives(f"x {operator} 5", False, x=None)


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        (1, "a", "a number and a string have no order"),
        (True, 1, "a boolean and a number have no order"),
        (True, False, "a boolean and a boolean have no order"),
        ([1], [2], "a list and a list have no order"),
        ({}, 1, "an object and a number have no order"),
        (DAY, 1, "a date and a number have no order"),
        (DAY, "soon", "a date comes only before or after a date, and this string is none"),
        (timedelta(1), DAY, "a duration and a date have no order"),
        (object(), 1, "a value of no known type and a number have no order"),
        (float("nan"), 1, "infinite and undefined numbers have no meaning here"),
        (Decimal("Infinity"), 1, "infinite and undefined numbers have no meaning here"),
    ],
)
def test_no_order(left: Any, right: Any, message: str) -> None:
    fails("x < y", message, x=left, y=right)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 in [1, 2.0]", True),
        ("3 in [1, 2]", False),
        ("3 not in [1, 2]", True),
        ("[1] in [[1], 2]", True),
        ("'b' in 'abc'", True),
        ("'' in ''", True),
        ("'bd' not in 'abc'", True),
        ("nil in 'abc'", False),
        ("'a' in record", True),
        ("'z' in record", False),
        ("1 in record", False),
        ("1 in nil", False),
        ("1 not in nil", True),
        ("user.role in record.roles", True),
        ("'admin' in user.roles || 'boss' in user.roles", True),
    ],
)
def test_membership(text: str, expected: bool) -> None:
    gives(text, expected, record={"a": None, "roles": ["x", "y"]}, user={"role": "y", "roles": ["boss"]})


def test_membership_in_what_has_no_elements() -> None:
    fails("1 in 2", "nothing can be in a number")
    fails("1 in 'a1'", "a number cannot be in a string")
    fails("1 in now", "nothing can be in a date")
