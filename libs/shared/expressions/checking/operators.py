"""Operators over types: their results, and the pairs of kinds that they are not defined for.

The same tables as libs/shared/expressions/values has for values; a property test holds both together.
"""

from __future__ import annotations

from libs.shared.expressions.checking.types import (
    ANY,
    DATE,
    DURATION,
    NUMBER,
    STRING,
    ListOf,
    Object,
    Simple,
    Type,
    kind_of,
)
from libs.shared.expressions.values.kinds import Kind

JOINED = (Kind.STRING, Kind.NUMBER, Kind.DATE, Kind.NIL)
"""Kinds that `+` joins with a string."""
MOMENTS = (Kind.DATE, Kind.STRING)
VERBS = {"+": "added to", "-": "subtracted from", "*": "multiplied by", "/": "divided by", "%": "divided by"}


def arithmetic(operator: str, left: Type, right: Type) -> tuple[Type, str | None]:
    """The type of `left operator right`, and what is wrong with it, if anything."""
    kinds = first, second = kind_of(left), kind_of(right)
    if first is None or second is None or Kind.NIL in kinds:
        return _half_known(operator, first, second), None
    result = _result(operator, first, second)
    if result is not None:
        return result, None
    left_words, right_words = first.value, second.value
    if operator == "-":
        left_words, right_words = right_words, left_words
    return ANY, f"{left_words} can't be {VERBS[operator]} {right_words}"


def _half_known(operator: str, first: Kind | None, second: Kind | None) -> Type:
    if operator in "*%" or (operator == "/" and Kind.NUMBER in (first, second)):
        return NUMBER
    return STRING if operator == "+" and Kind.STRING in (first, second) and Kind.NIL in (first, second) else ANY


def _result(operator: str, first: Kind, second: Kind) -> Type | None:
    kinds = {first, second}
    if kinds == {Kind.NUMBER}:
        return NUMBER
    if operator == "+":
        if Kind.STRING in kinds and first in JOINED and second in JOINED:
            return STRING
        if kinds == {Kind.DURATION}:
            return DURATION
        return DATE if Kind.DURATION in kinds and (first in MOMENTS or second in MOMENTS) else None
    if operator == "-":
        if kinds == {Kind.DURATION}:
            return DURATION
        if first in MOMENTS and second is Kind.DURATION:
            return DATE
        return DURATION if first in MOMENTS and second in MOMENTS else None
    return NUMBER if operator == "/" and kinds == {Kind.DURATION} else None


def ordering(left: Type, right: Type) -> str | None:
    """What is wrong with `left < right`: between values of different kinds there is no order."""
    first, second = kind_of(left), kind_of(right)
    if first is None or second is None or Kind.NIL in (first, second):
        return None
    alike = first is second and first in (Kind.NUMBER, Kind.STRING, Kind.DURATION, Kind.DATE)
    if alike or (first in MOMENTS and second in MOMENTS):
        return None
    return f"{first.value} and {second.value} have no order"


def equality(left: Type, right: Type) -> str | None:
    """Why `left == right` can never hold."""
    first, second = kind_of(left), kind_of(right)
    if first is None or second is None or Kind.NIL in (first, second):
        return None
    if first is not second and not (first in MOMENTS and second in MOMENTS):
        return f"{first.value} is never equal to {second.value}"
    return None


def membership(item: Type, container: Type) -> str | None:
    """Why `item in container` can never hold, or has no meaning."""
    match container:
        case ListOf(element):
            problem = equality(item, element)
            return problem and f"no element fits: {problem}"
        case Simple(Kind.STRING):
            kind = kind_of(item)
            return None if kind in (None, Kind.STRING, Kind.NIL) else f"{kind.value} can't be in a string"
        case Object():
            kind = kind_of(item)
            return None if kind in (None, Kind.STRING, Kind.NIL) else f"{kind.value} is no name of a member"
        case Simple(Kind.NIL):
            return None
        case Simple(kind):
            return f"nothing can be in {kind.value}"
    return None
