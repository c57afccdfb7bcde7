"""Comparisons as SQL. Filters of callers and conditions of policies go through here, and nothing else does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from libs.shared.errors import RocketError
from libs.shared.schema import BadValue, FieldDefinition, parse_text
from services.data.model import EntityModel, quote

ORDERED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
OPERATORS = ("eq", "neq", *ORDERED, "in", "not_in", "like")
MAX_LIST = 1000
"""Values in one `in`."""


class Parameters:
    """The values of a statement, numbered as they are added; nothing of a caller's becomes SQL text."""

    def __init__(self, *values: Any) -> None:
        self.values = list(values)

    def add(self, value: Any, column_type: str) -> str:
        """Add a value; answers its placeholder with its type."""
        self.values.append(value)
        return f"${len(self.values)}::{column_type}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator value`, the value parsed: one value, or a list of them for in and not_in."""

    field: FieldDefinition
    operator: str
    value: Any


def parse_filter(entity: EntityModel, name: str, text: str) -> Comparison:
    """The comparison that `filter[name]=text` asks for.

    Raises UNKNOWN_FIELD for unknown fields, INVALID_PAYLOAD for unknown operators and unfit values.
    """
    field_name, _, operator = name.partition(".")
    field = entity.fields.get(field_name)
    if field is None:
        raise RocketError("UNKNOWN_FIELD", f"Unknown field: {name}", [{"field": name, "message": "unknown field"}])
    operator = operator or "eq"
    if operator not in OPERATORS:
        raise RocketError("INVALID_PAYLOAD", f"Unknown operator: {operator}")
    try:
        return Comparison(field, operator, _filter_value(field, operator, text))
    except BadValue as problem:
        raise RocketError("INVALID_PAYLOAD", f"{name} {problem}", [{"field": name, "message": str(problem)}]) from None


def _filter_value(field: FieldDefinition, operator: str, text: str) -> Any:
    if operator in ("in", "not_in"):
        items = text.split(",")
        if len(items) > MAX_LIST:
            raise BadValue(f"takes at most {MAX_LIST} values")
        return [parse_text(field, item.strip()) for item in items]
    if operator == "like":
        if field.type in ("json", "file"):
            raise BadValue("can't be compared")
        return check_pattern(text)
    return parse_text(field, text)


def check_pattern(text: str) -> str:
    """The pattern of a `like`, unless PostgreSQL would refuse it. Raises BadValue."""
    if "\x00" in text:
        raise BadValue("must not hold the character NUL")
    if (len(text) - len(text.rstrip("\\"))) % 2:
        raise BadValue("must not end with the escape character")
    return text


def compare(comparison: Comparison, row: str, parameters: Parameters) -> str:
    """The comparison as SQL. A null differs from every value: neq and not_in are true for it."""
    field, value = comparison.field, comparison.value
    column = f"{row}.{quote(field.name)}"
    kind = field.column_type.partition("(")[0]
    match comparison.operator:
        case "eq" if value is None:
            return f"{column} IS NULL"
        case "neq" if value is None:
            return f"{column} IS NOT NULL"
        case "eq":
            return f"{column} = {parameters.add(value, kind)}"
        case "neq":
            return f"{column} IS DISTINCT FROM {parameters.add(value, kind)}"
        case "in":
            return f"{column} = ANY({parameters.add(_listed(value), kind + '[]')})"
        case "not_in":
            return f"({column} IS NULL OR {column} <> ALL({parameters.add(_listed(value), kind + '[]')}))"
        case "like":
            return f"{column}::text LIKE {parameters.add(str(value), 'text')}"
    return f"{column} {ORDERED[comparison.operator]} {parameters.add(value, kind)}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
