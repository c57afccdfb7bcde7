"""Columns as terms: every value in the form in which the API answers it, as expressions see records."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.expressions.sql.terms import Digits, NotTranslatable, Term
from libs.shared.expressions.values.kinds import Kind

WHOLE = {"int": Digits(10, 0), "bigint": Digits(19, 0)}
DECIMAL_DIGITS = 18
"""All digits of a decimal with a precision."""


@dataclass(frozen=True, slots=True)
class Column:
    """A field as a column: its quoted SQL, its field type, and the precision of a decimal.

    The type `instant`, which no field has, is a time that is never null.
    """

    sql: str
    type: str
    precision: int | None = None

    def term(self) -> Term:
        """The column's value. Raises NotTranslatable for a type of no meaning here."""
        match self.type:
            case "string" | "text":
                return Term(Kind.STRING, self.sql)
            case "uuid":
                return Term(Kind.STRING, f"{self.sql}::text")
            case "boolean":
                return Term(Kind.BOOLEAN, self.sql)
            case "int" | "bigint" | "decimal":
                return Term(Kind.NUMBER, f"{self.sql}::numeric", digits=self._digits())
            case "float":
                # By its text, as it is answered: the cast from a float has fewer digits.
                return Term(Kind.NUMBER, f"{self.sql}::text::numeric")
            case "timestamp":
                return Term(Kind.STRING, self._text(), moment=self.sql)
            case "date":
                return Term(Kind.STRING, self._text(), moment=f"({self.sql}::timestamp AT TIME ZONE 'UTC')")
            case "instant":
                return Term(Kind.DATE, self.sql, nullable=False)
            case "json" | "file":
                return Term(Kind.OTHER, self.sql)
        raise NotTranslatable

    def _digits(self) -> Digits | None:
        if self.type != "decimal":
            return WHOLE[self.type]
        return None if self.precision is None else Digits(DECIMAL_DIGITS - self.precision, self.precision)

    def _text(self) -> str:
        return f"(to_json({self.sql}) #>> '{{}}')"
