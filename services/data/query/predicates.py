"""Comparisons as SQL. Filters of callers and conditions of policies go through here, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from libs.shared import exact
from libs.shared.schema import BadValue, FieldDefinition, parse_text, parse_value
from libs.shared.schema.figures import UNORDERED_TYPES
from services.data.model import StatementParameters, quote

ORDERED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
LISTED = ("in", "not_in")
PATTERNS = {"like": "LIKE", "ilike": "ILIKE"}
AFFIX_OPERATORS = ("starts_with", "ends_with")
NULLS = {"is_null": "IS NULL", "is_not_null": "IS NOT NULL"}
OPERATORS = frozenset(("eq", "neq", *ORDERED, *LISTED, *PATTERNS, *NULLS, "between", "contains", *AFFIX_OPERATORS))
TEXT_TYPES = ("string", "text")
MAX_LIST_VALUES = 1000
"""Values in one `in`."""

Placeholder = Callable[[str], str]
"""From a column type to the placeholder of a test's value, with that type."""


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """`field operator value`, the value parsed: one value, or a list of them for in, not_in and between."""

    field: FieldDefinition
    operator: str
    value: Any


class Test(NamedTuple):
    """A comparison without its value, which is the statement's number `slot`; 0 where there is none."""

    field: str
    operator: str
    slot: int = 0


def slotted(comparison: FieldComparison, slot: Callable[[Any], int]) -> Test:
    """A comparison apart from its value, which `slot` takes and numbers."""
    operator, value = _normal(comparison)
    return Test(comparison.field.name, operator, 0 if operator in NULLS else slot(value))


def compare(comparison: FieldComparison, row: str, parameters: StatementParameters) -> str:
    """The comparison as SQL, its value among the parameters."""
    operator, value = _normal(comparison)
    return test_sql(comparison.field, operator, row, lambda kind: parameters.add(value, kind))


def test_sql(field: FieldDefinition, operator: str, row: str, value: Placeholder) -> str:
    """A test of `row` as SQL. A null differs from every value: neq and not_in are true for it."""
    return column_sql(f"{row}.{quote(field.name)}", field.column_type.partition("(")[0], operator, value)


def column_sql(column: str, kind: str, operator: str, value: Placeholder) -> str:
    """A test of a column, or of any expression of type `kind`, as SQL."""
    match operator:
        case "eq":
            return f"{column} = {value(kind)}"
        case "neq":
            return f"{column} IS DISTINCT FROM {value(kind)}"
        case "in":
            return f"{column} = ANY({value(kind + '[]')})"
        case "not_in":
            return f"({column} IS NULL OR {column} <> ALL({value(kind + '[]')}))"
        case "between":
            ends = value(kind + "[]")
            return f"{column} BETWEEN ({ends})[1] AND ({ends})[2]"
        case "like" | "ilike":
            return f"{column}::text {PATTERNS[operator]} {value('text')}"
        case "starts_with" | "ends_with":
            return _end_sql(operator, f"{column}::text", value("text"))
        case "contains":
            return f"{column} @> {value('jsonb')}" if kind == "jsonb" else f"strpos({column}, {value('text')}) > 0"
        case "is_null" | "is_not_null":
            return f"{column} {NULLS[operator]}"
    return f"{column} {ORDERED[operator]} {value(kind)}"


def folded(text: str) -> str:
    """A text as SQL without regard to case: σ, ς and Σ are equal, and ß is ss, in every locale of the database."""
    return f"casefold(({text}) COLLATE pg_catalog.pg_unicode_fast)"


def _end_sql(operator: str, text: str, part: str) -> str:
    if operator == "starts_with":
        return f"starts_with({text}, {part})"
    return f"starts_with(reverse({text}), reverse({part}))"


def parse_comparison(field: FieldDefinition, operator: str, text: str) -> FieldComparison:
    """The comparison of `operator` and the text of a URL. Raises BadValue."""
    if operator in NULLS:
        return FieldComparison(field, _asked_null(operator, text), None)
    return FieldComparison(field, operator, _parsed(field, operator, text))


def check_pattern(text: str) -> str:
    """The pattern of a `like`, unless PostgreSQL would refuse it. Raises BadValue."""
    _refuse_nul(text)
    if (len(text) - len(text.rstrip("\\"))) % 2:
        raise BadValue("must not end with the escape character")
    return text


def _normal(comparison: FieldComparison) -> tuple[str, Any]:
    """Operator and value as `test_sql` takes them: null has a separate operator."""
    operator, value = comparison.operator, comparison.value
    if value is None:
        return {"eq": "is_null", "neq": "is_not_null"}.get(operator, operator), value
    if operator in (*LISTED, "between"):
        return operator, tuple(value) if isinstance(value, list | tuple) else (value,)
    return operator, str(value) if operator in PATTERNS else value


def _asked_null(operator: str, text: str) -> str:
    match text.strip().lower():
        case "" | "true":
            return operator
        case "false":
            return "is_not_null" if operator == "is_null" else "is_null"
    raise BadValue("must be true or false")


def _parsed(field: FieldDefinition, operator: str, text: str) -> Any:
    match operator:
        case "in" | "not_in":
            items = text.split(",")
            if len(items) > MAX_LIST_VALUES:
                raise BadValue(f"takes at most {MAX_LIST_VALUES} values")
            return [parse_text(field, item.strip()) for item in items]
        case "between":
            ends = text.split(",")
            if len(ends) != 2:
                raise BadValue("takes two values")
            return [parse_text(field, end.strip()) for end in ends]
        case "like" | "ilike":
            return check_pattern(_comparable(field, text))
        case "starts_with" | "ends_with":
            return _refuse_nul(_comparable(field, text))
        case "contains":
            return _part(field, text)
    return parse_text(field, text)


def _comparable(field: FieldDefinition, text: str) -> str:
    if field.type in UNORDERED_TYPES:
        raise BadValue("can't be compared")
    return text


def _part(field: FieldDefinition, text: str) -> str:
    """What a json field or a text is to contain."""
    if field.type in TEXT_TYPES:
        return _refuse_nul(text)
    if field.type != "json":
        raise BadValue("can't contain anything")
    try:
        value = exact.loads(text)
    except ValueError:
        raise BadValue("takes JSON") from None
    if not isinstance(value, dict | list):
        value = [value]  # a list contains the value itself, in PostgreSQL too
    return str(parse_value(field, value))


def _refuse_nul(text: str) -> str:
    if "\x00" in text:
        raise BadValue("must not hold the character NUL")
    return text
