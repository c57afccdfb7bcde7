"""The functions that PostgreSQL computes just as we do. nil in is nil out, as our strict functions have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from libs.shared.expressions.sql.comparing import moment, within
from libs.shared.expressions.sql.constants import Constants
from libs.shared.expressions.sql.terms import (
    NIL,
    Digits,
    NotTranslatable,
    Term,
    alike,
    boolean,
    certain,
    number,
    one_of,
)
from libs.shared.expressions.values.figures import PRECISION_DIGITS
from libs.shared.expressions.values.kinds import Kind

BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
"""All characters that `trim` removes."""
LENGTH = Digits(12, 0)
MAX_PLACE = 1_000_000_000
"""The greatest position in a text that PostgreSQL accepts."""

Function = Callable[[Sequence[Term], Constants], Term]


def call(name: str, arguments: Sequence[Term], constants: Constants) -> Term:
    """A call. Raises NotTranslatable for a function, or arguments, that only our closures know."""
    function = FUNCTIONS.get(name)
    if function is None:
        raise NotTranslatable
    return function(arguments, constants)


def length(text: Term) -> Term:
    """How many characters a string has; 0 for nil."""
    if text.kind is Kind.NIL:
        return Term(Kind.NUMBER, "0::numeric", False, LENGTH)
    return Term(Kind.NUMBER, f"coalesce(char_length({_string(text)}), 0)::numeric", False, LENGTH)


def _len(arguments: Sequence[Term], constants: Constants) -> Term:
    return length(arguments[0])


def _contains(arguments: Sequence[Term], constants: Constants) -> Term:
    return boolean(within(*arguments))


def _trim(arguments: Sequence[Term], constants: Constants) -> Term:
    return _text(arguments, lambda text: f"btrim({text}, {constants.placeholder(BLANKS, 'text')})")


def _starts_with(arguments: Sequence[Term], constants: Constants) -> Term:
    return _test(arguments, lambda text, start: f"starts_with({text}, {start})")


def _ends_with(arguments: Sequence[Term], constants: Constants) -> Term:
    return _test(arguments, lambda text, end: f"starts_with(reverse({text}), reverse({end}))")


def _replace(arguments: Sequence[Term], constants: Constants) -> Term:
    return _text(arguments, lambda text, old, new: f"replace({text}, {old}, {new})")


def _substring(arguments: Sequence[Term], constants: Constants) -> Term:
    text, *places = arguments
    if any(term.kind is Kind.NIL for term in arguments):
        return NIL
    start, *size = (constants.placeholder(_place(term), "int") for term in places)
    return _text([text], lambda sql: f"substr({', '.join([sql, f'{start} + 1', *size])})")


def _round(arguments: Sequence[Term], constants: Constants) -> Term:
    if any(term.kind is Kind.NIL for term in arguments):
        return NIL
    term, digits = _bounded(arguments[0])
    places = _whole(arguments[1]) if len(arguments) > 1 else 0
    if abs(places) > PRECISION_DIGITS:
        raise NotTranslatable
    sql = f"round({term.sql}, {constants.placeholder(places, 'int')})"
    return number(sql, Digits(digits.whole + 1, max(0, min(digits.scale, places))), term.nullable)


def _abs(arguments: Sequence[Term], constants: Constants) -> Term:
    if arguments[0].kind is Kind.NIL:
        return NIL
    term, digits = _bounded(arguments[0])
    return number(f"abs({term.sql})", digits, term.nullable)


def _least(arguments: Sequence[Term], constants: Constants) -> Term:
    return _extreme("least", arguments)


def _greatest(arguments: Sequence[Term], constants: Constants) -> Term:
    return _extreme("greatest", arguments)


def _extreme(name: str, arguments: Sequence[Term]) -> Term:
    """Of several numbers; those that are nil don't count. One argument would be a list."""
    if len(arguments) < 2:
        raise NotTranslatable
    terms = alike(list(arguments))
    if terms[0].kind is not Kind.NUMBER:
        raise NotTranslatable
    sql = f"{name}({', '.join(term.sql for term in terms)})"
    return one_of(sql, terms, all(term.nullable for term in terms))


def _coalesce(arguments: Sequence[Term], constants: Constants) -> Term:
    terms = alike(list(arguments))
    return one_of(f"coalesce({', '.join(term.sql for term in terms)})", terms, all(term.nullable for term in terms))


def _date(arguments: Sequence[Term], constants: Constants) -> Term:
    term = arguments[0]
    return NIL if term.kind is Kind.NIL else Term(Kind.DATE, moment(term), term.nullable)


def _part(name: str) -> Function:
    def takes(arguments: Sequence[Term], constants: Constants) -> Term:
        term = arguments[0]
        if term.kind is Kind.NIL:
            return NIL
        sql = f"extract({name} FROM ({moment(term)} AT TIME ZONE 'UTC'))"
        return number(sql, Digits(4, 0), term.nullable)

    return takes


FUNCTIONS: dict[str, Function] = {
    "len": _len,
    "contains": _contains,
    "trim": _trim,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "substring": _substring,
    "replace": _replace,
    "round": _round,
    "abs": _abs,
    "min": _least,
    "max": _greatest,
    "coalesce": _coalesce,
    "date": _date,
    "year": _part("year"),
    "month": _part("month"),
    "day": _part("day"),
}


def _text(arguments: Sequence[Term], make: Callable[..., str]) -> Term:
    if any(term.kind is Kind.NIL for term in arguments):
        return NIL
    return Term(Kind.STRING, make(*map(_string, arguments)), any(term.nullable for term in arguments))


def _test(arguments: Sequence[Term], make: Callable[..., str]) -> Term:
    if any(term.kind is Kind.NIL for term in arguments):
        return boolean("false")
    return boolean(certain(make(*map(_string, arguments)), *arguments))


def _string(term: Term) -> str:
    if term.kind is not Kind.STRING:
        raise NotTranslatable
    return term.sql


def _bounded(term: Term) -> tuple[Term, Digits]:
    if term.kind is not Kind.NUMBER or term.digits is None:
        raise NotTranslatable
    return term, term.digits


def _whole(term: Term) -> int:
    """A number that is known and has no fraction."""
    value: Any = term.value
    if not term.known or term.kind is not Kind.NUMBER or value != int(value):
        raise NotTranslatable
    return int(value)


def _place(term: Term) -> int:
    return min(max(_whole(term), 0), MAX_PLACE)
