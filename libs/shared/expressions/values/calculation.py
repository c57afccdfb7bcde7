"""Arithmetic over numbers: ints stay ints, everything else is decimal, all within the limits."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException

from libs.shared.expressions.errors import EvaluationError
from libs.shared.expressions.values.figures import EXACT, ROOMY, Number, bounded


def add(left: Number, right: Number) -> Number:
    """The sum."""
    if isinstance(left, int) and isinstance(right, int):
        return bounded(left + right)
    return _decimal(EXACT.add, left, right)


def subtract(left: Number, right: Number) -> Number:
    """The difference."""
    if isinstance(left, int) and isinstance(right, int):
        return bounded(left - right)
    return _decimal(EXACT.subtract, left, right)


def multiply(left: Number, right: Number) -> Number:
    """The product."""
    if isinstance(left, int) and isinstance(right, int):
        return bounded(left * right)
    return _decimal(EXACT.multiply, left, right)


def divide(left: Number, right: Number) -> Number:
    """The quotient: an int where two ints divide evenly; EvaluationError for division by zero."""
    _check_divisor(right)
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return bounded(left // right)
    return _decimal(EXACT.divide, left, right)


def remainder(left: Number, right: Number) -> Number:
    """The remainder of the division, with the sign of `left`, as in SQL."""
    _check_divisor(right)
    if isinstance(left, int) and isinstance(right, int):
        found = abs(left) % abs(right)
        return bounded(-found if left < 0 else found)
    return _decimal(EXACT.remainder, left, right)


def negative(value: Number) -> Number:
    """The number with the other sign."""
    return subtract(0, value)


def rounded(value: Number, digits: int = 0) -> Number:
    """`value` to `digits` after the point, half away from zero; an int when there are none left."""
    if isinstance(value, int) and digits >= 0:
        return bounded(value)
    found = Decimal(bounded(value)).quantize(Decimal(1).scaleb(-digits), context=ROOMY)
    return found if digits > 0 else int(found)


def _check_divisor(value: Number) -> None:
    if value == 0:
        raise EvaluationError("division by zero")


def _decimal(operation: Callable[[Number, Number], Decimal], left: Number, right: Number) -> Decimal:
    try:
        found = bounded(operation(left, right))
    except DecimalException:
        raise EvaluationError("the number is too large") from None
    return found if found else abs(found)
