"""JSON with decimals that keep all their digits: read as Decimal, written as they were."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson


def loads(text: str) -> Any:
    """The value of a JSON text; numbers with a point or an exponent become Decimal. Raises ValueError."""
    return json.loads(text, parse_float=Decimal)


def dumps(value: Any) -> bytes:
    """JSON of what orjson knows, and of Decimals digit by digit."""
    return orjson.dumps(value, default=_as_written)


def _as_written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(f"{type(value).__name__} is no JSON")
