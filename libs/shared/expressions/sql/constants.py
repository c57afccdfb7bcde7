"""Values that are known when an expression is translated, as terms."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from libs.shared.expressions.errors import EvaluationError
from libs.shared.expressions.sql.terms import NIL, Digits, NotTranslatable, Term, boolean
from libs.shared.expressions.values import moments
from libs.shared.expressions.values.figures import exact
from libs.shared.expressions.values.kinds import Kind, kind

TOKEN = re.compile("\0([0-9]+)\0")
"""The placeholder of a value in SQL that is being generated. Neither identifiers nor generated texts contain NUL."""


class Constants:
    """The values of a translation; they become parameters when it is known which are needed."""

    def __init__(self) -> None:
        self._values: list[tuple[Any, str]] = []

    def term(self, value: Any) -> Term:
        """The term of any value of the language."""
        match kind(value):
            case Kind.NIL:
                return NIL
            case Kind.BOOLEAN:
                found = boolean("true" if value else "false")
            case Kind.NUMBER:
                number = _number(value)
                found = Term(Kind.NUMBER, self.placeholder(number, "numeric"), False, _digits(number))
            case Kind.STRING:
                found = self._string(value)
            case Kind.DATE:
                found = Term(Kind.DATE, self._instant(value), False)
            case Kind.DURATION:
                seconds = Decimal(value // timedelta(microseconds=1)).scaleb(-6)
                found = Term(Kind.DURATION, self.placeholder(seconds, "numeric"), False)
            case other:
                found = Term(other, nullable=False)
        return Term(found.kind, found.sql, False, found.digits, found.moment, known=True, value=value)

    def placeholder(self, value: Any, column_type: str) -> str:
        """The placeholder of a value."""
        self._values.append((value, column_type))
        return f"\0{len(self._values) - 1}\0"

    def fill(self, sql: str, add: Callable[[Any, str], str]) -> str:
        """The SQL with its placeholders filled by `add(value, type)`, each value once."""
        filled: dict[str, str] = {}

        def placeholder(found: re.Match[str]) -> str:
            if found[1] not in filled:
                filled[found[1]] = add(*self._values[int(found[1])])
            return filled[found[1]]

        return TOKEN.sub(placeholder, sql)

    def _string(self, text: str) -> Term:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise NotTranslatable from None
        if "\0" in text:
            raise NotTranslatable
        found = moments.read(text)
        moment = None if found is None else self._instant(found)
        return Term(Kind.STRING, self.placeholder(text, "text"), False, moment=moment)

    def _instant(self, value: moments.Moment) -> str:
        try:
            return self.placeholder(moments.instant(value), "timestamptz")
        except EvaluationError:
            raise NotTranslatable from None


def _number(value: Any) -> Decimal:
    try:
        return Decimal(exact(value))
    except EvaluationError:
        raise NotTranslatable from None


def _digits(number: Decimal) -> Digits:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "exact numbers are finite"
    return Digits(max(number.adjusted() + 1, 1), max(-exponent, 0))
