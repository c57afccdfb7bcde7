"""JSON with numbers that keep all their digits: read as Decimal where float or 64 bits would not do."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import orjson

FRACTION = re.compile(rb"(?:\"\s*:|[,\[])\s*-?(?:\d+[.eE]|\d{19})")
"""A number with a point or an exponent, or one that may be larger than 64 bits; the seconds of a time are none."""
SMALL = 18
"""Digits that fit 64 bits whatever they are."""


def loads(text: str) -> Any:
    """The value of a JSON text. Raises ValueError.

    Numbers with a point or an exponent become Decimal, and so do integers that no JSON writer of ours takes.
    """
    return json.loads(text, parse_float=Decimal, parse_int=_integer)


def loads_bytes(text: bytes) -> Any:
    """The value of a JSON text, with Decimals if there are such numbers: without, reading takes half the time.

    Text that looks like such a number does no harm. Raises ValueError.
    """
    return loads(text.decode()) if FRACTION.search(text) else orjson.loads(text)


def dumps(value: Any) -> bytes:
    """JSON of what orjson knows, and of Decimals digit by digit."""
    return orjson.dumps(value, default=_as_written)


def _integer(digits: str) -> int | Decimal:
    if len(digits) <= SMALL:
        return int(digits)
    exact = Decimal(digits)
    return int(exact) if -(2**63) <= exact < 2**64 else exact


def _as_written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(f"{type(value).__name__} is no JSON")
