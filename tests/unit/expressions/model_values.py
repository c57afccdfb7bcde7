"""The model's values: fractions for all numbers, and what the operators make of values."""

from __future__ import annotations

import operator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

HALF = Fraction(1, 2)
ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
FALSE: tuple[Any, ...] = (None, False, Fraction(0), "", [])
MICROSECOND = timedelta(microseconds=1)


class Undefined(Exception):
    """The model has no value here; the language raises EvaluationError."""


def lift(value: Any) -> Any:
    """A value of the language as one of the model: every number becomes a fraction."""
    match value:
        case bool():
            return value
        case int() | Decimal():
            return Fraction(value)
        case float():
            return Fraction(repr(value))
        case list():
            return [lift(element) for element in value]
        case dict():
            return {key: lift(element) for key, element in value.items()}
    return value


def identical(one: Any, other: Any) -> bool:
    """Whether two values of the model are the same, down to their types."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(identical(one[key], other[key]) for key in one)
    return bool(one == other)


def true(value: Any) -> bool:
    """Truthiness, by the list of the false values."""
    return not any(identical(value, false) for false in FALSE)


def rounded(value: Fraction) -> Fraction:
    """`value` to 38 digits, half away from zero; Undefined beyond 10^38."""
    size, shift = abs(value), 0
    while size and size * Fraction(10) ** shift >= 10**38:
        shift -= 1
    while size and size * Fraction(10) ** shift < 10**37:
        shift += 1
    found = (size * Fraction(10) ** shift + HALF) // 1 / Fraction(10) ** shift
    if found > 10**38:
        raise Undefined
    return found if value > 0 else -found


def text(value: Any) -> str:
    """What `+` joins to a string."""
    match value:
        case None:
            return ""
        case str():
            return value
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Fraction():
            return _digits(value)
    raise Undefined


def _digits(value: Fraction) -> str:
    places = next(n for n in range(200) if (value * 10**n).denominator == 1)
    digits = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    found = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{found}" if value < 0 else found


def parse(value: str) -> date | datetime | None:
    """The date or instant of an ISO string; of the forms that the tests' records use."""
    if value != value.upper():
        return None
    try:
        if len(value) == len("2024-01-31"):
            return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC).date()
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
    except ValueError:
        return None


def moment(value: Any) -> date | datetime:
    """A date or an ISO string as a date or instant."""
    found = parse(value) if isinstance(value, str) else value
    if not isinstance(found, date):
        raise Undefined
    return found


def instant(value: Any) -> datetime:
    """A date or an ISO string as an instant."""
    found = moment(value)
    return found if isinstance(found, datetime) else datetime.combine(found, time(), UTC)


def add(left: Any, right: Any) -> Any:
    """`left + right`."""
    match left, right:
        case Fraction(), Fraction():
            return rounded(left + right)
        case timedelta(), timedelta():
            return left + right
        case ((date() | str()), timedelta()):
            return _later(moment(left), right)
        case timedelta(), (date() | str()):
            return _later(moment(right), left)
        case (str(), _) | (_, str()):
            return text(left) + text(right)
        case (None, _) | (_, None):
            return None
    raise Undefined


def _later(start: date | datetime, by: timedelta) -> date | datetime:
    try:
        whole_days = by == timedelta(days=by.days)
        return start + by if whole_days and type(start) is date else instant(start) + by
    except OverflowError:
        raise Undefined from None


def quotient(left: Any, right: Any) -> Fraction:
    """`left / right`, of two numbers or two durations."""
    if isinstance(left, timedelta):
        left, right = Fraction(left // MICROSECOND), Fraction(right // MICROSECOND)
    if right == 0:
        raise Undefined
    return rounded(left / right)


def equals(left: Any, right: Any) -> bool:
    """`left == right`, which is never undefined."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equals, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equals(left[key], right[key]) for key in left)
    if isinstance(left, date) or isinstance(right, date):
        try:
            return instant(left) == instant(right)
        except Undefined:
            return False
    return identical(left, right)


def before_or_after(order: str, left: Any, right: Any) -> bool:
    """`left < right` and its like."""
    if left is None or right is None:
        return False
    if isinstance(left, date) or isinstance(right, date):
        left, right = instant(left), instant(right)
    if type(left) is not type(right) or not isinstance(left, (Fraction, str, datetime, timedelta)):
        raise Undefined
    return bool(ORDERS[order](left, right))


def within(item: Any, container: Any) -> bool:
    """`item in container`."""
    match container, item:
        case None, _:
            return False
        case list(), _:
            return any(equals(element, item) for element in container)
        case dict(), _:
            return isinstance(item, str) and item in container
        case str(), None:
            return False
        case str(), str():
            return item in container
    raise Undefined
