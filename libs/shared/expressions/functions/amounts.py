"""Functions over numbers."""

from __future__ import annotations

from typing import Any

from libs.shared.expressions.errors import EvaluationError
from libs.shared.expressions.limits import Meter
from libs.shared.expressions.values import calculation
from libs.shared.expressions.values.figures import PRECISION_DIGITS, Number, bounded, number, whole


def rounded(meter: Meter, value: Any, digits: Any = 0) -> Number:
    """`value` rounded half away from zero to `digits` after the point (before it, if negative)."""
    places = whole(digits, "round takes for its digits")
    if abs(places) > PRECISION_DIGITS:
        raise EvaluationError(f"round takes at most {PRECISION_DIGITS} digits")
    return calculation.rounded(number(value, "round takes"), places)


def absolute(meter: Meter, value: Any) -> Number:
    """`value` without its sign."""
    found = bounded(number(value, "abs takes"))
    return found if found >= 0 else calculation.negative(found)
