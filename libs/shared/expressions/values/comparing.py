"""Equality, order and membership, for every pair of kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from libs.shared.expressions.limits import Meter
from libs.shared.expressions.values import figures, moments
from libs.shared.expressions.values.kinds import Kind, kind, refuse

Order = Callable[[Any, Any], bool]
"""One of `operator.lt`, `le`, `gt`, `ge`."""

NUMBERS = (Kind.NUMBER, Kind.NUMBER)
STRINGS = (Kind.STRING, Kind.STRING)
DURATIONS = (Kind.DURATION, Kind.DURATION)
LISTS = (Kind.LIST, Kind.LIST)
OBJECTS = (Kind.OBJECT, Kind.OBJECT)
MOMENTS = ((Kind.DATE, Kind.DATE), (Kind.DATE, Kind.STRING), (Kind.STRING, Kind.DATE))
"""The kinds of two sides that are compared as dates."""


def equal(left: Any, right: Any, meter: Meter) -> bool:
    """Whether two values are the same; different kinds are not, and never an error.

    Lists and objects are compared part by part, without recursion: records may nest at will.
    """
    pending = [(left, right)]
    while pending:
        left, right = pending.pop()
        kinds = (kind(left), kind(right))
        if kinds == LISTS and len(left) == len(right):
            meter.spend(len(left))
            pending.extend(zip(left, right, strict=True))
        elif kinds == OBJECTS and left.keys() == right.keys():
            meter.spend(len(left))
            pending.extend((value, right[key]) for key, value in left.items())
        elif not _equal_scalars(left, right, kinds, meter):
            return False
    return True


def _equal_scalars(left: Any, right: Any, kinds: tuple[Kind, Kind], meter: Meter) -> bool:
    if kinds in MOMENTS:
        return moments.same(left, right)
    if kinds[0] is not kinds[1]:
        return False
    match kinds[0]:
        case Kind.STRING:
            return bool(meter.read(left) == right)
        case Kind.NUMBER:
            return figures.same(left, right)
        case Kind.NIL | Kind.BOOLEAN | Kind.DURATION:
            return bool(left == right)
    return left is right


def ordered(order: Order, left: Any, right: Any, meter: Meter) -> bool:
    """Whether `order` holds between two numbers, strings, dates or durations; false with nil.

    EvaluationError for other kinds: an order between them would be an accident.
    """
    kinds = (kind(left), kind(right))
    if kinds == NUMBERS:
        return order(figures.exact(left), figures.exact(right))
    if Kind.NIL in kinds:
        return False
    if kinds == STRINGS:
        return order(meter.read(left), right)
    if kinds in MOMENTS:
        purpose = "a date comes only before or after"
        first, second = moments.moment(left, purpose), moments.moment(right, purpose)
        return order(moments.instant(first), moments.instant(second))
    if kinds == DURATIONS:
        return order(left, right)
    raise refuse("{} and {} have no order", left, right)


def contains(container: Any, item: Any, meter: Meter) -> bool:
    """`item in container`: an element of a list, a part of a string, a key of an object."""
    match kind(container):
        case Kind.LIST:
            return _in_list(container, item, meter)
        case Kind.STRING:
            return _in_string(container, item, meter)
        case Kind.OBJECT:
            return _in_object(container, item)
        case Kind.NIL:
            return False
    raise refuse("nothing can be in {}", container)


def _in_list(elements: Sequence[Any], item: Any, meter: Meter) -> bool:
    meter.spend(len(elements))
    return any(equal(element, item, meter) for element in elements)


def _in_string(text: str, item: Any, meter: Meter) -> bool:
    if item is None:
        return False
    if not isinstance(item, str):
        raise refuse("{} cannot be in a string", item)
    return item in meter.read(text)


def _in_object(mapping: Mapping[Any, Any], item: Any) -> bool:
    return isinstance(item, str) and item in mapping
