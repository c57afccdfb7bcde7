"""Parses JSON values to Python values by field type; all rules about values of fields are here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from libs.shared import exact
from libs.shared.ids import parse_uuid
from libs.shared.schema.fields import MAX_LENGTH, NUMBERS, TEXTS, FieldDefinition
from libs.shared.schema.json_values import MAX_DEPTH, NUL, decimals_in, deeper_than

DATE = re.compile(r"^\d{4}-\d{2}-\d{2}\Z")
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,6})?", re.ASCII)
"""A number as text."""
MAX_MAGNITUDE = 1_000
"""Digits before the point of the largest number, and zeros behind it of the smallest."""
RANGES = {"int": 2**31, "bigint": 2**63}
UNSTORABLE_MAGNITUDE = 2**64
MAX_RECORD_ID_BYTES = 2_000
"""Bytes of the id of a record with a composite key, or of a pair: services keep it in indexes, with other things."""
MAX_SCALE = 16_383
"""Digits after the point that PostgreSQL keeps."""
WIDE = Context(prec=1_100)
"""Precision for every accepted number."""


class BadValue(ValueError):
    """A value that its field can't hold; the message is for the caller."""


def parse_value(field: FieldDefinition, value: Any) -> Any:
    """The stored form of a JSON `value`, never None: str, int, Decimal, float, bool, UUID, datetime, date, JSON text.

    Raises BadValue.
    """
    return _PARSERS[field.type](field, value)


def parse_written(field: FieldDefinition, value: Any) -> Any:
    """The stored form of a JSON `value` that is being written: stored ones may be longer. Raises BadValue."""
    parsed = parse_value(field, value)
    if field.type in TEXTS and len(parsed) > field.longest:
        raise BadValue(f"must have at most {field.longest} characters")
    return parsed


def is_long_id(parts: Iterable[Any]) -> bool:
    """Whether these values are too long to be the id of one record or pair together."""
    return len(",".join(map(str, parts)).encode()) > MAX_RECORD_ID_BYTES


def canonical(field: FieldDefinition, value: Any) -> Any:
    """The JSON `value` in the form of answers: numbers may be sent as texts.

    Raises BadValue.
    """
    parsed = parse_value(field, value)
    return parsed if field.type in NUMBERS else str(parsed) if field.type == "uuid" else value


def is_among(field: FieldDefinition, value: Any, options: Iterable[Any]) -> bool:
    """Whether a parsed value is one of these, as a definition has them."""
    return any(parse_value(field, option) == value for option in options if option is not None)


def parse_text(field: FieldDefinition, text: str) -> Any:
    """The same for a value written as text in a URL. Raises BadValue."""
    match field.type:
        case "int" | "bigint":
            if not re.fullmatch(r"[+-]?\d{1,20}", text):
                raise BadValue("must be a whole number")
            return parse_value(field, int(text))
        case "float":
            return _float(field, text)
        case "decimal":
            # What is compared may have more digits than the field.
            return _number(text)
        case "boolean":
            if text.lower() not in ("true", "false"):
                raise BadValue("must be true or false")
            return text.lower() == "true"
        case "json" | "file":
            raise BadValue("can't be compared")
    return parse_value(field, text)


def _text(field: FieldDefinition, value: Any) -> str:
    if not isinstance(value, str):
        raise BadValue("must be a string")
    if "\x00" in value:
        raise BadValue("must not hold the character NUL")
    if len(value) > MAX_LENGTH:
        raise BadValue(f"must have at most {MAX_LENGTH} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadValue("must be valid Unicode") from None
    return value


def _integer(field: FieldDefinition, value: Any) -> int:
    if isinstance(value, str) and NUMBER.fullmatch(value):
        value = _number(value)
    whole = _whole(value) if isinstance(value, Decimal | float) else value
    if not isinstance(whole, int) or isinstance(whole, bool):
        raise BadValue("must be a whole number")
    limit = RANGES[field.type]
    if not -limit <= whole < limit:
        raise BadValue(f"must be between {-limit} and {limit - 1}")
    return whole


def _whole(value: Decimal | float) -> int | None:
    """The number as an int; one that no field can hold as a smaller one: 1e999999999 in full would be 400 MB."""
    if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)):
        return None
    if not -UNSTORABLE_MAGNITUDE < value < UNSTORABLE_MAGNITUDE:
        return UNSTORABLE_MAGNITUDE if value > 0 else -UNSTORABLE_MAGNITUDE
    return int(value) if value == int(value) else None


def _decimal(field: FieldDefinition, value: Any) -> Decimal:
    number = _any_number(value)
    if field.precision is not None and abs(_rounded(number, field.precision)) >= Decimal(10) ** (18 - field.precision):
        raise BadValue(f"must have at most {18 - field.precision} digits before the point")
    return number


def _float(field: FieldDefinition, value: Any) -> float:
    number = _any_number(value)
    found = float(number)
    if math.isinf(found) or (not found and number):
        raise BadValue("must be within the range of a 64-bit float")
    return found + 0.0  # no negative zero


def _any_number(value: Any) -> Decimal:
    """A number of any kind, or one as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise BadValue("must be a number")
    return _number(repr(value) if isinstance(value, float) else str(value))


def _number(text: str) -> Decimal:
    if not NUMBER.fullmatch(text):
        raise BadValue("must be a finite number")
    number = Decimal(text)
    if not -MAX_MAGNITUDE <= number.adjusted() <= MAX_MAGNITUDE:
        raise BadValue("must be a number of reasonable size")
    if -int(number.as_tuple().exponent) > MAX_SCALE:
        raise BadValue(f"must have at most {MAX_SCALE} digits after the point")
    return number


def _rounded(number: Decimal, precision: int) -> Decimal:
    """The number as the column keeps it: the last digits may carry over into one more before the point."""
    return number.quantize(Decimal(1).scaleb(-precision), ROUND_HALF_UP, WIDE)


def _boolean(field: FieldDefinition, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue("must be true or false")
    return value


def _uuid(field: FieldDefinition, value: Any) -> Any:
    parsed = parse_uuid(value)
    if parsed is None:
        raise BadValue("must be a UUID")
    return parsed


def _timestamp(field: FieldDefinition, value: Any) -> datetime:
    if not isinstance(value, str) or len(value) < 10:
        raise BadValue("must be an ISO 8601 time")
    # A URL's "+" may arrive as a blank.
    text = re.sub(r" (\d\d:?\d\d)$", r"+\1", value)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadValue("must be an ISO 8601 time") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise BadValue("must be a time between the years 1 and 9999") from None
    return moment


def _date(field: FieldDefinition, value: Any) -> date:
    if not isinstance(value, str) or not DATE.match(value):
        raise BadValue("must be a date, YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise BadValue("must be a date, YYYY-MM-DD") from None


def _json(field: FieldDefinition, value: Any) -> str:
    if not isinstance(value, dict | list):
        raise BadValue("must be an object or a list")
    if deeper_than(value, MAX_DEPTH):
        raise BadValue(f"must be nested at most {MAX_DEPTH} levels deep")
    for number in decimals_in(value):
        _number(str(number))
    try:
        text = exact.dumps(value).decode()
    except TypeError:
        raise BadValue("must hold no computed whole numbers of more than 64 bits") from None
    if NUL.search(text):
        raise BadValue("must not hold the character NUL")
    return text


def _file(field: FieldDefinition, value: Any) -> Any:
    file_id = value.get("id") if isinstance(value, dict) else value
    parsed = parse_uuid(file_id)
    if parsed is None:
        raise BadValue("must be the id of an uploaded file")
    return parsed


_PARSERS: dict[str, Callable[[FieldDefinition, Any], Any]] = {
    "string": _text,
    "text": _text,
    "int": _integer,
    "bigint": _integer,
    "decimal": _decimal,
    "float": _float,
    "boolean": _boolean,
    "uuid": _uuid,
    "timestamp": _timestamp,
    "date": _date,
    "json": _json,
    "file": _file,
}
