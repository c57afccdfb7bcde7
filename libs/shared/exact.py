"""JSON with decimals that keep all their digits: read as Decimal, written as they were."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import orjson

FRACTION = re.compile(rb"[:,\[]\s*-?\d+[.eE]")
"""A number with a point or an exponent."""


def loads(text: str) -> Any:
    """The value of a JSON text; numbers with a point or an exponent become Decimal. Raises ValueError."""
    return json.loads(text, parse_float=Decimal)


def loads_bytes(text: bytes) -> Any:
    """The value of a JSON text, with Decimals if there are numbers with a point: without, reading takes half the time.

    Text that looks like such a number does no harm. Raises ValueError.
    """
    return loads(text.decode()) if FRACTION.search(text) else orjson.loads(text)


def dumps(value: Any) -> bytes:
    """JSON of what orjson knows, and of Decimals digit by digit."""
    return orjson.dumps(value, default=_as_written)


def _as_written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(f"{type(value).__name__} is no JSON")
