"""Numbers, strings, dates and durations under `+ - * / %` and the sign."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.expressions.evaluating import fails, gives, value

DAY = date(2024, 1, 31)
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
TOO_LARGE = "the number is too large"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 - 10", -3),
        ("-2 * -3", 6),
        ("0.1 + 0.2", Decimal("0.3")),
        ("0.1 + 0.2 == 0.3", True),
        ("x + y == 0.3", True),
        ("x * 3", Decimal("0.3")),
        ("x + 1", Decimal("1.1")),
        ("1.10 * 2", Decimal("2.20")),
        ("6 / 2", 3),
        ("7 / 2", Decimal("3.5")),
        ("-7 / 2", Decimal("-3.5")),
        ("1 / 3", Decimal("0." + "3" * 38)),
        ("2 / 3", Decimal("0." + "6" * 37 + "7")),
        ("7.5 / 2.5", Decimal(3)),
        ("7 % 3", 1),
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("7.5 % 2", Decimal("1.5")),
        ("-4.0 % 2", Decimal(0)),
        ("0 / 5", 0),
        ("-0.0 + 0", Decimal(0)),
        ("99999999999999999999 + 1", 10**20),
        ("x + nil", None),
        ("nil * nil", None),
        ("-nil", None),
        ("nil / 0", None),
        ("record.missing - 1", None),
        ("record.missing - 1 > 0", False),
    ],
)
def test_numbers(text: str, expected: Any) -> None:
    gives(text, expected, x=0.1, y=0.2, record={})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "division by zero"),
        ("1.5 % 0.0", "division by zero"),
        ("true + 1", "a boolean and a number cannot be added"),
        ("1 + true", "a number and a boolean cannot be added"),
        ("'a' - 1", "a number cannot be subtracted from a string"),
        ("'a' * 2", "a string and a number cannot be multiplied"),
        ("[1] * 2", "a list and a number cannot be multiplied"),
        ("'4' / 2", "a string cannot be divided by a number"),
        ("'4' % 2", "a string cannot be divided by a number"),
        ("-'a'", "a string has no sign"),
        ("-true", "a boolean has no sign"),
        ("[1] + [2]", "a list and a list cannot be added"),
        ("'a' + [1]", "a string and a list cannot be added"),
        ("'a' + true", "a string and a boolean cannot be added"),
        ("record + 'a'", "an object and a string cannot be added"),
        ("inf + 1", "infinite and undefined numbers have no meaning here"),
    ],
)
def test_without_meaning(text: str, message: str) -> None:
    fails(text, message, record={}, inf=float("inf"))


@pytest.mark.parametrize(
    "text", ["x * 10", "x + 1", "-x - 1", "x * x", "x * 1.5", "x / 0.1", "x + 6.5", "1 - big", "-big"]
)
def test_numbers_are_bounded(text: str) -> None:
    fails(text, TOO_LARGE, x=10**38, big=10**39)


def test_the_bound_itself_is_a_number() -> None:
    gives("x - 1 + 1", 10**38, x=10**38)
    gives("x * 10", 10**38, x=10**37)


@pytest.mark.parametrize("text", ["-4.0 % 2", "-0.0", "0.0 * -1", "-1.0 + 1", "-x", "x + 0"])
def test_zero_has_no_sign(text: str) -> None:
    assert "-" not in str(value(text, x=-0.0))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a' + 'b'", "ab"),
        ("'a' + 1", "a1"),
        ("1 + 'a'", "1a"),
        ("1 + 2 + 'a'", "3a"),
        ("'a' + 1 + 2", "a12"),
        ("'a' + 1.50", "a1.5"),
        ("'a' + 100.0", "a100"),
        ("'a' + x", "a0.1"),
        ("'a' + big", "a10000000000000000000000"),
        ("'a' + small", "a0.0000001"),
        ("'a' + -0.0", "a0"),
        ("nil + 'a'", "a"),
        ("'a' + nil + 'b'", "ab"),
        ("nil + nil", None),
        ("'on ' + day", "on 2024-01-31"),
        ("noon + '!'", "2024-01-31T12:00:00Z!"),
    ],
)
def test_joining(text: str, expected: Any) -> None:
    gives(text, expected, x=0.1, big=1e22, small=1e-7, day=DAY, noon=NOON)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("day + days(1)", date(2024, 2, 1)),
        ("days(1) + day", date(2024, 2, 1)),
        ("day - days(31)", date(2023, 12, 31)),
        ("day + hours(24)", date(2024, 2, 1)),
        ("day + hours(1)", datetime(2024, 1, 31, 1, tzinfo=UTC)),
        ("noon - hours(1.5)", datetime(2024, 1, 31, 10, 30, tzinfo=UTC)),
        ("'2024-02-28' + days(2)", date(2024, 3, 1)),
        ("'2024-01-31T23:59:00-01:00' + minutes(1)", datetime(2024, 2, 1, 1, 0, tzinfo=UTC)),
        ("noon - day", timedelta(hours=12)),
        ("'2024-03-01' - '2024-02-01'", timedelta(days=29)),
        ("now - '2024-03-01'", timedelta(hours=12)),
        ("('2024-03-01' - day) / days(1)", 30),
        ("(noon - day) / days(1)", Decimal("0.5")),
        ("day - noon", timedelta(hours=-12)),
        ("-(noon - day) == day - noon", True),
        ("days(1) + hours(12) == days(1.5)", True),
        ("days(1) - hours(24) == minutes(0)", True),
        ("now > day + days(29)", True),
        ("now - days(31) <= day", True),
        ("day + nil", None),
        ("nil - day", None),
        ("days(nil)", None),
    ],
)
def test_dates(text: str, expected: Any) -> None:
    gives(text, expected, day=DAY, noon=NOON)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("day + day", "a date and a date cannot be added"),
        ("day + 1", "a date and a number cannot be added"),
        ("day - 1", "a number cannot be subtracted from a date"),
        ("days(1) - day", "a date cannot be subtracted from a duration"),
        ("'soon' + days(1)", "a duration is added to a date, and this string is none"),
        ("'soon' - days(1)", "a duration is taken from a date, and this string is none"),
        ("'a' - 'b'", "dates are subtracted from a date, and this string is none"),
        ("days(1) * 2", "a duration and a number cannot be multiplied"),
        ("days(1) / 2", "a duration cannot be divided by a number"),
        ("days(1) / days(0)", "division by zero"),
        ("day + days(9999999)", "the date is out of range"),
        ("noon - days(999999)", "the date is out of range"),
        ("days(1000000000)", "the duration is too long"),
        ("days(999999999) + days(1)", "the duration is too long"),
        ("-(days(999999999) + hours(1))", "the duration is too long"),
        ("day - (days(999999999) + hours(1))", "the duration is too long"),
    ],
)
def test_dates_without_meaning(text: str, message: str) -> None:
    fails(text, message, day=DAY, noon=NOON)
