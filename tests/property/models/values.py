"""Values of every scalar field type: how they are generated, sent, written into a URL, and shown again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import orjson
from hypothesis import strategies as st

PRECISION = 2
KINDS = ("string", "text", "int", "bigint", "decimal", "exact", "boolean", "uuid", "timestamp", "date", "json")
"""Field types as they are generated: `decimal` has PRECISION digits, `exact` is a decimal without precision."""

COMPARABLE = tuple(kind for kind in KINDS if kind != "json")


@dataclass(frozen=True, slots=True)
class Field:
    """One generated field."""

    name: str
    kind: str

    @property
    def definition(self) -> dict[str, Any]:
        """The field as an operator describes it."""
        if self.kind == "decimal":
            return {"name": self.name, "type": "decimal", "precision": PRECISION}
        return {"name": self.name, "type": "decimal" if self.kind == "exact" else self.kind}

    def stored(self, value: Any) -> Any:
        """What a sent value becomes: decimals are rounded half away from zero."""
        if self.kind == "decimal" and value is not None:
            return value.quantize(Decimal(1).scaleb(-PRECISION), ROUND_HALF_UP)
        return value


_CHARACTERS = st.sampled_from("abAB%_\\'\" ,;.é😀ß") | st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.sampled_from(["", "a", "ab", "b", "%", "_", "\\", "a%", "null", "'; --"]) | st.text(_CHARACTERS, max_size=6)
_ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
_TIMES = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=_ZONES)  # noqa: DTZ001  the zones come with it
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)

VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "text": TEXTS,
    "int": st.integers(-2, 2) | st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-2, 2) | st.integers(-(2**63), 2**63 - 1),
    "decimal": st.integers(-4000, 4000).map(lambda n: Decimal(n * 5).scaleb(-PRECISION - 1)),
    "exact": st.integers(-2, 2).map(Decimal) | st.decimals(-(10**9), 10**9, allow_nan=False, places=7),
    "boolean": st.booleans(),
    "uuid": st.integers(1, 3).map(lambda n: uuid.UUID(int=n << 122 | n)) | st.uuids(),
    "timestamp": st.sampled_from([datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2)]) | _TIMES,
    "date": st.sampled_from([date(2026, 1, 1), date(2026, 1, 2)]) | st.dates(),
    "json": st.lists(_JSON, max_size=2) | st.dictionaries(TEXTS, _JSON, max_size=2),
}
"""Half of them from a small pool, so that values meet again."""


def body(values: Mapping[str, Any]) -> bytes:
    """A JSON object of typed values; decimals keep all their digits."""
    return orjson.dumps({name: _json(value) for name, value in values.items()})


def _json(value: Any) -> Any:
    return orjson.Fragment(format(value, "f").encode()) if isinstance(value, Decimal) else value


def in_url(value: Any) -> str:
    """A typed value as the text of a filter."""
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
    return str(value)


def shown(value: Any) -> Any:
    """What `read` makes of the answer to a stored value."""
    match value:
        case Decimal():
            return float(value)
        case datetime():
            return value.astimezone(UTC)
        case uuid.UUID():
            return str(value)
        case date():
            return value.isoformat()
    return value


def read(field: Field, answer: Any) -> Any:
    """An answer's value in a form that can be compared."""
    return datetime.fromisoformat(answer) if field.kind == "timestamp" and answer is not None else answer
