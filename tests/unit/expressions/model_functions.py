"""The model's functions, over the model's values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.unit.expressions.model_values import (
    HALF,
    MICROSECOND,
    Undefined,
    before_or_after,
    instant,
    moment,
    quotient,
    rounded,
    true,
    within,
)

AGGREGATES = ("sum", "avg", "min", "max", "any", "all", "count")
UNITS = {"days": timedelta(days=1), "hours": timedelta(hours=1), "minutes": timedelta(minutes=1)}
ON_NIL = {"len": Fraction(0), "starts_with": False, "ends_with": False, "matches": False}


def call(name: str, values: list[Any]) -> Any:
    """The value of a function that is neither lazy nor an aggregate."""
    if name == "contains":
        return within(values[1], values[0])
    if None in values:
        return ON_NIL.get(name)
    if name in UNITS:
        return _duration(_number(values[0]), UNITS[name])
    if name in ("year", "month", "day"):
        found = moment(values[0])
        return Fraction(getattr(instant(found) if isinstance(found, datetime) else found, name))
    return FUNCTIONS[name](*values)


def aggregate(name: str, values: Iterable[Any], counting: bool) -> Any:
    """The value of `sum`, `any` and their like; `counting`: they were given more than a list.

    `any` and `all` look at no more of `values` than they must.
    """
    match name:
        case "any":
            return any(true(value) for value in values)
        case "all":
            return all(true(value) for value in values)
        case "count":
            return Fraction(len([value for value in values if true(value) or not counting]))
    known = [value for value in values if value is not None]
    match name:
        case "sum":
            return _sum(known)
        case "avg":
            return quotient(_sum(known), Fraction(len(known))) if known else None
    return _extreme("<" if name == "min" else ">", known)


def _sum(values: list[Any]) -> Fraction:
    found = Fraction(0)
    for value in values:
        found = rounded(found + _number(value))
    return found


def _extreme(order: str, values: list[Any]) -> Any:
    best = values[0] if values else None
    for value in values[1:]:
        best = value if before_or_after(order, value, best) else best
    return best


def _number(value: Any) -> Fraction:
    if not isinstance(value, Fraction):
        raise Undefined
    return value


def _whole(value: Any) -> int:
    if _number(value).denominator != 1:
        raise Undefined
    return int(value)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Undefined
    return value


def _duration(count: Fraction, unit: timedelta) -> timedelta:
    try:
        return timedelta(microseconds=int(_round(rounded(count * (unit // MICROSECOND)))))
    except OverflowError:
        raise Undefined from None


def _round(value: Any, digits: Any = Fraction(0)) -> Fraction:
    places = _whole(digits)
    if abs(places) > 38:
        raise Undefined
    size = (abs(_number(value)) * Fraction(10) ** places + HALF) // 1 / Fraction(10) ** places
    return size if value > 0 else -size


def _length(value: Any) -> Fraction:
    if not isinstance(value, (str, list, dict)):
        raise Undefined
    return Fraction(len(value))


def _substring(text: Any, start: Any, length: Any = Fraction(10**9)) -> str:
    first, count = _whole(start), _whole(length)
    characters = enumerate(_string(text))
    begin = max(first, 0)
    return "".join(character for place, character in characters if begin <= place < begin + count)


def _replace(text: Any, old: Any, new: Any) -> str:
    pieces = _string(text).split(old) if _string(old) else [_string(text)]
    return _string(new).join(pieces)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": _length,
    "lower": lambda text: _string(text).lower(),
    "upper": lambda text: _string(text).upper(),
    "trim": lambda text: _string(text).strip(),
    "starts_with": lambda text, start: _string(text)[: len(_string(start))] == start,
    "ends_with": lambda text, end: _string(text)[max(len(text) - len(_string(end)), 0) :] == end,
    "substring": _substring,
    "replace": _replace,
    # The patterns of the tests mean the same to Python.
    "matches": lambda text, pattern: re.search(_string(pattern), _string(text)) is not None,
    "round": _round,
    "abs": lambda value: abs(_number(value)),
    "date": moment,
}
