"""Arithmetic, as `values/arithmetic.py` has it, where PostgreSQL's numeric gives the same digits."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from libs.shared.expressions.sql.comparing import moment
from libs.shared.expressions.sql.constants import Constants
from libs.shared.expressions.sql.terms import NIL, Digits, NotTranslatable, Term, number
from libs.shared.expressions.values.figures import PRECISION_DIGITS, exact
from libs.shared.expressions.values.kinds import Kind

NUMBERS = (Kind.NUMBER, Kind.NUMBER)
MOMENTS = {Kind.DATE, Kind.STRING}


def arithmetic(symbol: str, left: Term, right: Term, constants: Constants) -> Term:
    """`left <symbol> right`. Raises NotTranslatable where the result may differ, or fail."""
    kinds = (left.kind, right.kind)
    if symbol == "+" and Kind.STRING in kinds:
        return _joined(left, right)
    if Kind.NIL in kinds:
        return NIL
    if symbol == "-" and set(kinds) <= MOMENTS:
        return _between(left, right)
    if kinds != NUMBERS or left.digits is None or right.digits is None:
        raise NotTranslatable
    match symbol:
        case "/":
            return _divided(left, left.digits, right, constants)
        case "%":
            return _remainder(left, left.digits, right, right.digits)
    return _simple(symbol, left, left.digits, right, right.digits)


def negative(term: Term) -> Term:
    """`-term`."""
    if term.kind is Kind.NIL:
        return NIL
    if term.kind is not Kind.NUMBER or term.digits is None:
        raise NotTranslatable
    return number(f"(- {term.sql})", term.digits, term.nullable)


def _simple(symbol: str, left: Term, first: Digits, right: Term, second: Digits) -> Term:
    if symbol == "*":
        digits = Digits(first.whole + second.whole, first.scale + second.scale)
    else:
        digits = Digits(max(first.whole, second.whole) + 1, max(first.scale, second.scale))
    return number(f"({left.sql} {symbol} {right.sql})", digits, left.nullable or right.nullable)


def _divided(left: Term, first: Digits, right: Term, constants: Constants) -> Term:
    """A quotient with finitely many digits: a multiplication by the inverse of the divisor."""
    if not right.known or not right.value:
        raise NotTranslatable
    inverse = constants.term(_inverse(Fraction(exact(right.value))))
    assert inverse.digits is not None
    return _simple("*", left, first, inverse, inverse.digits)


def _inverse(divisor: Fraction) -> Decimal:
    """1 / divisor, if that has an end."""
    inverse = 1 / divisor
    for scale in range(PRECISION_DIGITS):
        scaled = inverse * 10**scale
        if scaled.denominator == 1 and abs(scaled) < 10**PRECISION_DIGITS:
            return Decimal(int(scaled)).scaleb(-scale)
    raise NotTranslatable


def _remainder(left: Term, first: Digits, right: Term, second: Digits) -> Term:
    if not right.known or not right.value or first.whole + second.scale > PRECISION_DIGITS:
        raise NotTranslatable
    digits = Digits(second.whole, max(first.scale, second.scale))
    return number(f"({left.sql} % {right.sql})", digits, left.nullable)


def _between(left: Term, right: Term) -> Term:
    """The duration from one moment to another."""
    sql = f"extract(epoch FROM ({moment(left)} - {moment(right)}))"
    return Term(Kind.DURATION, sql, left.nullable or right.nullable)


def _joined(left: Term, right: Term) -> Term:
    """Two strings, or a string and a number, in one; nil reads as "" beside a string, and is nil beside nil."""
    parts = " || ".join(f"coalesce({_text(term)}, '')" for term in (left, right) if term.kind is not Kind.NIL)
    strings = [term for term in (left, right) if term.kind is Kind.STRING]
    if any(not term.nullable for term in strings):
        return Term(Kind.STRING, f"({parts})", nullable=False)
    nil = " AND ".join(f"{term.sql} IS NULL" for term in strings)
    return Term(Kind.STRING, f"(CASE WHEN {nil} THEN NULL ELSE {parts} END)")


def _text(term: Term) -> str:
    """The text of a joined value."""
    match term.kind:
        case Kind.STRING:
            return term.sql
        case Kind.NUMBER if term.digits is not None:
            return f"trim_scale({term.sql})::text"
    raise NotTranslatable
