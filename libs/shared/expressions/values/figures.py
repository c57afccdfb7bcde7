"""Numbers: int, Decimal and float as one kind, exact to 38 digits and never beyond 10^38.

Floats come from JSON, where they were decimals: `0.1` means one tenth, so a float is read through
its shortest text and never through its binary value.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any, TypeVar

from libs.shared.expressions.errors import EvaluationError
from libs.shared.expressions.values.kinds import Kind, kind, refuse

PRECISION_DIGITS = 38
LIMIT = 10**PRECISION_DIGITS

EXACT = Context(
    prec=PRECISION_DIGITS,
    rounding=ROUND_HALF_UP,
    Emin=-100,
    Emax=PRECISION_DIGITS,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
ROOMY = Context(prec=3 * PRECISION_DIGITS, rounding=ROUND_HALF_UP, traps=[InvalidOperation])
"""For rounding to a number of digits, where every digit before the rounding must be seen."""

Number = int | Decimal
N = TypeVar("N", int, Decimal, Number)


def number(value: Any, purpose: str) -> Number:
    """`value` as an exact number; EvaluationError `<purpose> a number` for anything else."""
    if type(value) is int:
        return value
    if kind(value) is not Kind.NUMBER:
        raise refuse(f"{purpose} a number, not {{}}", value)
    return exact(value)


def whole(value: Any, purpose: str) -> int:
    """`value` as an int; EvaluationError where it is no number or has a fraction."""
    found = bounded(number(value, purpose))
    if found != int(found):
        raise EvaluationError(f"{purpose} a whole number")
    return int(found)


def exact(value: int | Decimal | float) -> Number:
    """Any of the number types as int or Decimal; EvaluationError for infinity and not-a-number."""
    if isinstance(value, int):
        return value
    found = value if isinstance(value, Decimal) else Decimal(float.__repr__(value))
    if not found.is_finite():
        raise EvaluationError("infinite and undefined numbers have no meaning here")
    return found


def bounded(value: N) -> N:
    """`value`, unless it is beyond the limit."""
    if -LIMIT <= value <= LIMIT:
        return value
    raise EvaluationError("the number is too large")


def same(left: Any, right: Any) -> bool:
    """Whether two numbers are equal as numbers; infinity and not-a-number equal nothing."""
    try:
        return exact(left) == exact(right)
    except EvaluationError:
        return False


def plain(value: int | Decimal | float) -> str:
    """The number as text, without exponent and trailing zeros: equal numbers have equal texts."""
    found = bounded(exact(value))
    if isinstance(found, int):
        return str(int(found))
    return format(found.normalize(EXACT), "f") if found else "0"
