"""The operators `+ - * / %` and the sign, over every kind that has them.

nil takes part as "unknown": the result is nil, except that `+` with a string reads it as "".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from libs.shared.expressions.limits import Meter
from libs.shared.expressions.values import calculation, moments
from libs.shared.expressions.values.figures import exact
from libs.shared.expressions.values.figures import plain as plain_number
from libs.shared.expressions.values.kinds import Kind, kind, refuse
from libs.shared.expressions.values.moments import moment
from libs.shared.expressions.values.moments import plain as plain_moment

PAIR_OF_NUMBERS = (Kind.NUMBER, Kind.NUMBER)
PAIR_OF_DURATIONS = (Kind.DURATION, Kind.DURATION)
MOMENTS = (Kind.DATE, Kind.STRING)
JOINED: dict[Kind, Callable[[Any], str]] = {
    Kind.NIL: lambda _: "",
    Kind.STRING: str,
    Kind.NUMBER: plain_number,
    Kind.DATE: plain_moment,
}
"""The kinds that `+` joins with a string, and their texts."""


def plus(left: Any, right: Any, meter: Meter) -> Any:
    """Numbers added, strings joined, a date moved by a duration, durations together."""
    kinds = first, second = kind(left), kind(right)
    if kinds == PAIR_OF_NUMBERS:
        return calculation.add(exact(left), exact(right))
    if Kind.STRING in kinds and first in JOINED and second in JOINED:
        return join(JOINED[first](left), JOINED[second](right), meter)
    if Kind.NIL in kinds:
        return None
    if kinds == PAIR_OF_DURATIONS:
        return moments.together(left, right)
    if first in MOMENTS and second is Kind.DURATION:
        return moments.shift(moment(left, "a duration is added to"), right)
    if first is Kind.DURATION and second in MOMENTS:
        return moments.shift(moment(right, "a duration is added to"), left)
    raise refuse("{} and {} cannot be added", left, right)


def minus(left: Any, right: Any, meter: Meter) -> Any:
    """Numbers or durations subtracted, a date moved back, or the duration between two dates."""
    kinds = first, second = kind(left), kind(right)
    if kinds == PAIR_OF_NUMBERS:
        return calculation.subtract(exact(left), exact(right))
    if Kind.NIL in kinds:
        return None
    if kinds == PAIR_OF_DURATIONS:
        return moments.together(left, moments.opposite(right))
    if first in MOMENTS and second is Kind.DURATION:
        return moments.shift(moment(left, "a duration is taken from"), moments.opposite(right))
    if first in MOMENTS and second in MOMENTS:
        return _between(left, right)
    raise refuse("{} cannot be subtracted from {}", right, left)


def times(left: Any, right: Any, meter: Meter) -> Any:
    """The product of two numbers."""
    kinds = (kind(left), kind(right))
    if kinds == PAIR_OF_NUMBERS:
        return calculation.multiply(exact(left), exact(right))
    if Kind.NIL in kinds:
        return None
    raise refuse("{} and {} cannot be multiplied", left, right)


def divided(left: Any, right: Any, meter: Meter) -> Any:
    """The quotient of two numbers, or how often one duration goes into another."""
    kinds = (kind(left), kind(right))
    if kinds == PAIR_OF_NUMBERS:
        return calculation.divide(exact(left), exact(right))
    if Kind.NIL in kinds:
        return None
    if kinds == PAIR_OF_DURATIONS:
        return moments.ratio(left, right)
    raise refuse("{} cannot be divided by {}", left, right)


def modulo(left: Any, right: Any, meter: Meter) -> Any:
    """The remainder of two numbers."""
    kinds = (kind(left), kind(right))
    if kinds == PAIR_OF_NUMBERS:
        return calculation.remainder(exact(left), exact(right))
    if Kind.NIL in kinds:
        return None
    raise refuse("{} cannot be divided by {}", left, right)


def negative(value: Any) -> Any:
    """The number or duration with the other sign."""
    match kind(value):
        case Kind.NUMBER:
            return calculation.negative(exact(value))
        case Kind.DURATION:
            return moments.opposite(value)
        case Kind.NIL:
            return None
    raise refuse("{} has no sign", value)


def join(left: str, right: str, meter: Meter) -> str:
    """Both strings in one, paid for before it is made."""
    meter.make(len(left) + len(right))
    return left + right


def _between(left: Any, right: Any) -> timedelta:
    purpose = "dates are subtracted from"
    return moments.instant(moment(left, purpose)) - moments.instant(moment(right, purpose))
