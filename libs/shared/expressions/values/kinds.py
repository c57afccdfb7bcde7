"""The kinds of values the language knows, and which of them count as true."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from libs.shared.expressions.errors import EvaluationError


class Kind(Enum):
    """A kind; the value is how messages call it."""

    NIL = "nil"
    BOOLEAN = "a boolean"
    NUMBER = "a number"
    STRING = "a string"
    DATE = "a date"
    DURATION = "a duration"
    LIST = "a list"
    OBJECT = "an object"
    OTHER = "a value of no known type"


USUAL: dict[type, Kind] = {
    type(None): Kind.NIL,
    bool: Kind.BOOLEAN,
    int: Kind.NUMBER,
    Decimal: Kind.NUMBER,
    float: Kind.NUMBER,
    str: Kind.STRING,
    datetime: Kind.DATE,
    date: Kind.DATE,
    timedelta: Kind.DURATION,
    list: Kind.LIST,
    tuple: Kind.LIST,
    dict: Kind.OBJECT,
}
"""Kinds by exact type: one look for nearly every value."""

FALSE_WHEN_EMPTY = (int, float, Decimal, str, list, tuple)


def kind(value: Any) -> Kind:
    """The kind of any Python value; subclasses (enums, mappings that are no dict) included."""
    return USUAL.get(type(value)) or _inherited(value)


def _inherited(value: Any) -> Kind:
    for base, found in USUAL.items():
        if isinstance(value, base):
            return found
    return Kind.OBJECT if isinstance(value, Mapping) else Kind.OTHER


def truthy(value: Any) -> bool:
    """False for nil, false, 0, "" and the empty list; true for everything else."""
    if value is None or value is False:
        return False
    return value is True or not isinstance(value, FALSE_WHEN_EMPTY) or bool(value)


def refuse(message: str, *values: Any) -> EvaluationError:
    """The error for values of wrong kinds; each `{}` of `message` becomes a kind."""
    return EvaluationError(message.format(*(kind(value).value for value in values)))
