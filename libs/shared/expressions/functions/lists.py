"""Functions over lists: `len`, and those that make one value of many.

The latter get their values one by one, so `any` and `all` stop where the answer is known. nil values
count for nothing in sums, averages, minima and maxima, as in SQL.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from libs.shared.expressions.limits import Meter
from libs.shared.expressions.values import calculation
from libs.shared.expressions.values.comparing import Order, contains, ordered
from libs.shared.expressions.values.figures import Number, number
from libs.shared.expressions.values.kinds import Kind, kind, refuse, truthy

Aggregate = Callable[[Iterable[Any], Meter], Any]


def length(meter: Meter, value: Any) -> int:
    """How many characters, elements or members there are."""
    if kind(value) not in (Kind.STRING, Kind.LIST, Kind.OBJECT):
        raise refuse("len takes a string, a list or an object, not {}", value)
    return len(value)


def holds(meter: Meter, container: Any, item: Any) -> bool:
    """`contains(a, b)`, the same as `b in a`."""
    return contains(container, item, meter)


def elements(value: Any, name: str) -> Iterable[Any]:
    """The elements of a list; none of nil; EvaluationError naming the function otherwise."""
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise refuse(f"{name} works on lists, not on {{}}", value)
    return value


def total(values: Iterable[Any], meter: Meter) -> Number:
    """The sum; 0 of nothing."""
    found: Number = 0
    for value in _known(values):
        found = calculation.add(found, number(value, "sum adds only"))
    return found


def average(values: Iterable[Any], meter: Meter) -> Number | None:
    """The arithmetic mean; nil of nothing."""
    numbers = [number(value, "avg takes") for value in _known(values)]
    return calculation.divide(total(numbers, meter), len(numbers)) if numbers else None


def smallest(values: Iterable[Any], meter: Meter) -> Any:
    """The value before all others; nil of nothing."""
    return _extreme(values, operator.lt, meter)


def largest(values: Iterable[Any], meter: Meter) -> Any:
    """The value after all others; nil of nothing."""
    return _extreme(values, operator.gt, meter)


def some(values: Iterable[Any], meter: Meter) -> bool:
    """Whether one value at least is truthy."""
    return any(truthy(value) for value in values)


def every(values: Iterable[Any], meter: Meter) -> bool:
    """Whether no value is not truthy."""
    return all(truthy(value) for value in values)


def tally(values: Iterable[Any], meter: Meter) -> int:
    """How many values are truthy."""
    return sum(truthy(value) for value in values)


def size(values: Iterable[Any], meter: Meter) -> int:
    """The number of values, for `count(list)`."""
    return sum(1 for _ in values)


def _known(values: Iterable[Any]) -> Iterator[Any]:
    return (value for value in values if value is not None)


def _extreme(values: Iterable[Any], better: Order, meter: Meter) -> Any:
    known = _known(values)
    best = next(known, None)
    for value in known:
        if ordered(better, value, best, meter):
            best = value
    return best
