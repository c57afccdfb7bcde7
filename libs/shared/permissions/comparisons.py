"""The operators of conditions, as SQL and in process: defined once for both.

A null differs from every value: neq and not_in are true for it, and everything else but is_null is false.
Texts are ordered by their code points, independent of the database's collation.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from libs.shared import exact
from libs.shared.like import Like
from libs.shared.schema import BadValue, FieldDefinition, parse_value

ORDERED: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "gt": (">", operator.gt), "gte": (">=", operator.ge), "lt": ("<", operator.lt), "lte": ("<=", operator.le),
}  # fmt: skip
"""Operator → its sign in SQL, and its function in process."""
TEXTS = ("string", "text")
DOCUMENTS = ("json", "file")
"""Types whose values have no order."""

Predicate = Callable[[Any], bool]


def check_pattern(text: str) -> str:
    """The pattern of a `like`, unless PostgreSQL would refuse it. Raises BadValue."""
    if "\x00" in text:
        raise BadValue("must not hold the character NUL")
    if (len(text) - len(text.rstrip("\\"))) % 2:
        raise BadValue("must not end with the escape character")
    return text


def comparison_sql(column: str, kind: str, name: str, value: str) -> str:
    """A comparison as SQL: `kind` is the column's type, `value` the placeholder with its type."""
    match name:
        case "is_null":
            return f"{column} IS NULL"
        case "is_not_null":
            return f"{column} IS NOT NULL"
        case "eq":
            return f"{column} = {value}"
        case "neq":
            return f"{column} IS DISTINCT FROM {value}"
        case "in":
            return f"{column} = ANY({value})"
        case "not_in":
            return f"({column} IS NULL OR {column} <> ALL({value}))"
        case "like":
            return f"{column} LIKE {value}"
    ordered = f'{column} COLLATE "C"' if kind == "text" else column
    return f"{ordered} {ORDERED[name][0]} {value}"


def parsed(field: FieldDefinition, shown: Any) -> Any:
    """A value of a record in the form in which it is compared; None for null and for invalid values."""
    if shown is None or field.type in DOCUMENTS:
        return shown
    try:
        return parse_value(field, shown)
    except BadValue:
        return None


def comparison(field: FieldDefinition, name: str, value: Any) -> Predicate:
    """A comparison in process, of values from `parsed`."""
    match name:
        case "is_null":
            return lambda stored: stored is None
        case "is_not_null":
            return lambda stored: stored is not None
        case "like":
            pattern = Like(value)
            return lambda stored: stored is not None and pattern.matches(stored)
        case "in" | "not_in" | "eq" | "neq":
            return _membership(field, name, value if name in ("in", "not_in") else (value,))
    compare = ORDERED[name][1]
    return lambda stored: stored is not None and compare(stored, value)


def _membership(field: FieldDefinition, name: str, values: tuple[Any, ...]) -> Predicate:
    wanted = {_key(exact.loads(value)) for value in values} if field.type in DOCUMENTS else set(values)
    own = _key if field.type in DOCUMENTS else _same
    if name in ("eq", "in"):
        return lambda stored: stored is not None and own(stored) in wanted
    return lambda stored: stored is None or own(stored) not in wanted


def _same(value: Any) -> Any:
    return value


def _key(document: Any) -> Any:
    """A hashable form of a JSON value, equal where PostgreSQL's values are: 1 and 1.0, but never 1 and true."""
    if isinstance(document, dict):
        return frozenset((name, _key(value)) for name, value in document.items())
    if isinstance(document, list):
        return tuple(_key(value) for value in document)
    return (isinstance(document, bool), document)
