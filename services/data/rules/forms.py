"""The two forms of a value: parsed (a statement's parameter) and serialized (as the API returns it).

Expressions read serialized values, so that sent and stored ones can be compared: times as PostgreSQL writes them in
JSON, in UTC, which also sort as text; ids as text; decimals as Decimal, rounded as their column rounds.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from libs.shared import exact
from libs.shared.expressions.templates import time_text
from libs.shared.schema import BadValue, FieldDefinition
from libs.shared.schema.values import is_among, parse_written

Record = Mapping[str, Any]
"""A record as the API returns it: field name → serialized value."""

ROUNDING = Context(prec=1100, rounding=ROUND_HALF_UP)
"""Half away from zero, as NUMERIC does, with room for every digit a decimal may have."""


def serialize(field: FieldDefinition, value: Any) -> Any:
    """The serialized form of a parsed value, or of None."""
    match value:
        case uuid.UUID():
            return {"id": str(value)} if field.type == "file" else str(value)
        case datetime():
            return time_text(value)
        case date():
            return value.isoformat()
        case Decimal() if field.type == "decimal" and field.precision is not None:
            return value.quantize(Decimal(1).scaleb(-field.precision), context=ROUNDING)
        case str() if field.type in ("json", "file"):
            return exact.loads(value)
    return value


def serialize_record(fields: Mapping[str, FieldDefinition], values: Mapping[str, Any]) -> dict[str, Any]:
    """The serialized form of parsed values; names that are no fields are left out."""
    return {name: serialize(fields[name], value) for name, value in values.items() if name in fields}


def parsed(field: FieldDefinition, result: Any) -> Any:
    """The parsed form of the result of an expression or action, or None. Raises BadValue where it doesn't fit."""
    if result is None:
        return None
    value = parse_written(field, _as_json(field, result))
    if field.enum is not None and serialize(field, value) not in field.enum and not is_among(field, value, field.enum):
        raise BadValue(f"must be one of {', '.join(map(str, field.enum))}")
    return value


def now_text(field: FieldDefinition | None, now: datetime) -> str:
    """The current time as the field can hold it: a date takes today (UTC)."""
    return now.astimezone(UTC).date().isoformat() if field is not None and field.type == "date" else time_text(now)


def _as_json(field: FieldDefinition, result: Any) -> Any:
    match result:
        case datetime() if field.type == "date":
            return result.astimezone(UTC).date().isoformat()
        case datetime():
            return time_text(result)
        case date():
            return result.isoformat()
        case timedelta():
            raise BadValue("can't hold a length of time")
        case tuple():
            return list(result)
    return result
