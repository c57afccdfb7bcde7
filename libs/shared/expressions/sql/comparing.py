"""Equality, order and membership, as `values/comparing.py` has them."""

from __future__ import annotations

from libs.shared.expressions.sql.terms import NotTranslatable, Term, boolean, certain
from libs.shared.expressions.values.kinds import Kind

OPAQUE = (Kind.OTHER, Kind.OBJECT, Kind.LIST)
"""Kinds that are only ever compared with nil."""
ORDERED = (Kind.NUMBER, Kind.DURATION)


def equal(left: Term, right: Term) -> str:
    """Whether two values are the same; different kinds are not, unless both are nil."""
    if Kind.NIL in (left.kind, right.kind):
        return _is_nil(right if left.kind is Kind.NIL else left)
    if left.kind in OPAQUE or right.kind in OPAQUE:
        raise NotTranslatable
    if {left.kind, right.kind} == {Kind.DATE, Kind.STRING}:
        return _same_moment(left, right)
    if left.kind is right.kind:
        return f"({left.sql} IS NOT DISTINCT FROM {right.sql})"
    return f"({_is_nil(left)} AND {_is_nil(right)})"


def ordered(symbol: str, left: Term, right: Term) -> str:
    """Whether an order holds; false with nil. Raises NotTranslatable for kinds without an order."""
    kinds = {left.kind, right.kind}
    if Kind.NIL in kinds:
        return "false"
    if kinds == {Kind.STRING}:
        return certain(f'({left.sql} COLLATE "C" {symbol} {right.sql})', left, right)
    if Kind.DATE in kinds and kinds <= {Kind.DATE, Kind.STRING}:
        return certain(f"({moment(left)} {symbol} {moment(right)})", left, right)
    if left.kind is right.kind and left.kind in ORDERED:
        return certain(f"({left.sql} {symbol} {right.sql})", left, right)
    raise NotTranslatable


def among(item: Term, options: list[Term]) -> str:
    """Whether an item is an element of a list."""
    return "(" + " OR ".join(equal(option, item) for option in options) + ")" if options else "false"


def within(container: Term, item: Term) -> str:
    """Whether a string is part of another. Raises NotTranslatable for other containers."""
    if container.kind is Kind.NIL:
        return "false"
    if container.kind is not Kind.STRING:
        raise NotTranslatable
    if item.kind is Kind.NIL:
        return "false"
    if item.kind is not Kind.STRING:
        raise NotTranslatable
    return certain(f"(strpos({container.sql}, {item.sql}) > 0)", container, item)


def moment(term: Term) -> str:
    """The instant of a date, or of a string that is one. Raises NotTranslatable for others."""
    if term.kind is Kind.DATE:
        return term.sql
    if term.moment is None:
        raise NotTranslatable
    return term.moment


def comparison(symbol: str, left: Term, right: Term) -> Term:
    """`left <symbol> right`, for the symbols == != < <= > >=."""
    match symbol:
        case "==":
            return boolean(equal(left, right))
        case "!=":
            return boolean(f"(NOT {equal(left, right)})")
    return boolean(ordered(symbol, left, right))


def _is_nil(term: Term) -> str:
    if term.kind is Kind.NIL:
        return "true"
    return f"({term.sql} IS NULL)" if term.nullable else "false"


def _same_moment(left: Term, right: Term) -> str:
    text = left if left.kind is Kind.STRING else right
    if text.known and text.moment is None:
        return "false"  # a string that is no date equals none
    return f"({moment(left)} IS NOT DISTINCT FROM {moment(right)})"
