"""Typed pieces of SQL that the translator makes of nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from libs.shared.expressions.values.figures import PRECISION_DIGITS
from libs.shared.expressions.values.kinds import Kind


class NotTranslatable(Exception):
    """The expression has no equivalent in SQL, or none is implemented."""


class Digits(NamedTuple):
    """How large and how fine a number can be: digits before and after the point."""

    whole: int
    scale: int


@dataclass(frozen=True, slots=True)
class Term:
    """An SQL expression and what is known about its value.

    A NUMBER is a numeric (without `digits` of any size), a DATE a timestamptz, a DURATION a numeric of
    seconds. A STRING that surely is an ISO date has its instant as `moment`. OTHER is jsonb, OBJECT a
    whole row. `known` terms have a `value`; that of a LIST is all there is to it.
    """

    kind: Kind
    sql: str = ""
    nullable: bool = True
    digits: Digits | None = None
    moment: str | None = None
    known: bool = False
    value: Any = None


NIL = Term(Kind.NIL, "NULL", known=True)
TYPES = {
    Kind.BOOLEAN: "boolean",
    Kind.NUMBER: "numeric",
    Kind.STRING: "text",
    Kind.DATE: "timestamptz",
    Kind.DURATION: "numeric",
}
"""The kinds of computed values, and their types in PostgreSQL."""


def boolean(sql: str) -> Term:
    """A condition that is never null."""
    return Term(Kind.BOOLEAN, sql, nullable=False)


def number(sql: str, digits: Digits, nullable: bool) -> Term:
    """A number of so many digits. Raises NotTranslatable where the language would round or refuse it."""
    if digits.whole + digits.scale > PRECISION_DIGITS:
        raise NotTranslatable
    return Term(Kind.NUMBER, sql, nullable, digits)


def truth(term: Term) -> str:
    """The condition that a value is truthy."""
    match term.kind:
        case Kind.NIL:
            return "false"
        case Kind.OBJECT:
            return "true"
        case Kind.BOOLEAN:
            return certain(term.sql, term)
        case Kind.NUMBER:
            return certain(f"({term.sql} <> 0)", term)
        case Kind.STRING:
            return certain(f"({term.sql} <> '')", term)
        case Kind.DATE | Kind.DURATION:
            return f"({term.sql} IS NOT NULL)"
        case Kind.OTHER:
            return f"coalesce({term.sql} <> '[]'::jsonb, false)"
    raise NotTranslatable


def certain(condition: str, *terms: Term) -> str:
    """`condition`, false where one of its terms is null."""
    return f"coalesce({condition}, false)" if any(term.nullable for term in terms) else condition


def alike(terms: list[Term]) -> list[Term]:
    """Terms of one kind, nulls of that kind among them. Raises NotTranslatable for several kinds."""
    kinds = {term.kind for term in terms} - {Kind.NIL}
    if not kinds:
        return terms
    kind = kinds.pop()
    if kinds or kind not in TYPES:
        raise NotTranslatable
    null = Term(kind, f"NULL::{TYPES[kind]}", digits=Digits(0, 0))
    return [null if term.kind is Kind.NIL else term for term in terms]


def one_of(sql: str, terms: list[Term], nullable: bool) -> Term:
    """A term whose value is that of one of `terms`, which are alike."""
    first = terms[0]
    if first.kind is Kind.NIL:
        return NIL
    digits = [term.digits for term in terms if term.digits is not None]
    widest = Digits(max(d.whole for d in digits), max(d.scale for d in digits)) if len(digits) == len(terms) else None
    return replace(first, sql=sql, nullable=nullable, digits=widest, moment=None, known=False, value=None)
