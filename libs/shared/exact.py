"""JSON of records and of data derived from them, with all digits of numbers.

Only this module reads and writes JSON with values of records (images, events, contexts, payloads, definitions with
values); tests/architecture/test_codecs.py names the few modules that use a JSON library themselves.
"""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import Any

import orjson
import re2
from pydantic import BaseModel

FRACTION = re2.compile(rb"(?:^|\"\s*:|[,\[])\s*-?(?:\d+[.eE]|\d{19})")
"""A number with a point or an exponent, or one that may be larger than 64 bits; the seconds of a time are none.

By RE2, which takes 5 µs for a kilobyte where Python's own takes 43, ten times what reading it does.
"""
NUMBER = re2.compile(rb'(?s)("(?:[^"\\]|\\.)*")|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?')
"""A number of a JSON text, or (as a group) a string, in which none is looked for."""
SHORT_DIGITS = 5
"""Digits of an exponent that is taken as it is. jsonb has up to 131,072 digits before the point, 16,383 behind it."""
MAX_EXPONENT = 200_000
"""Longer exponents are read as this: nothing stores such numbers either, and each field says so by its name. Written
out as an integer or a fraction, as several libraries do to compare it, 1e999999999 would stop a service."""
MAX_DIGITS = 20_000
"""The largest number of digits in a number of an outside text, because comparing takes time quadratic in it."""
MAX_PLAIN_EXPONENT = 1_000
"""The exponent from which on numbers are written with an exponent: 1e999999999 in full would be a gigabyte."""
MACHINE_DIGITS = 18
"""The number of digits that always fit 64 bits."""


def loads(text: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError.

    Numbers with a point or an exponent become Decimal, and so do integers that no JSON writer of ours takes. Without
    such numbers reading takes a fifth of the time; text that looks like one does no harm.
    """
    encoded = text.encode() if isinstance(text, str) else text
    if not FRACTION.search(encoded):
        return orjson.loads(encoded)
    return json.loads(encoded, parse_float=_fraction, parse_int=_integer)


def parse(text: str | bytes) -> Any:
    """Like `loads`, for outside texts: lone surrogates, NaN and excessive depth are refused.

    Raises ValueError, and json.JSONDecodeError with the position for a text that is not JSON.
    """
    encoded = text.encode() if isinstance(text, str) else text
    plain = _strictly(encoded)
    if not FRACTION.search(encoded):
        return plain
    try:
        return json.loads(
            encoded,
            parse_float=lambda digits: _fraction(_short(digits), SHORT_DIGITS),
            parse_int=lambda digits: _integer(_short(digits)),
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def dumps(value: Any) -> bytes:
    """JSON of all types that orjson supports, of Decimals with all digits, and of all UUID classes."""
    return orjson.dumps(value, default=_as_written)


def canonical(value: Any) -> bytes:
    """The same with the keys of objects in order: equal values have equal texts."""
    return orjson.dumps(value, default=_as_written, option=orjson.OPT_SORT_KEYS)


def document(model: BaseModel) -> dict[str, Any]:
    """A definition as a JSON object. Pydantic's own JSON mode makes strings of Decimals."""
    found: dict[str, Any] = loads(dumps(model.model_dump()))
    return found


def _strictly(encoded: bytes) -> Any:
    """By orjson, the stricter reader, which refuses numbers that no float holds: it is shown a text without them."""
    try:
        return orjson.loads(encoded)
    except orjson.JSONDecodeError as problem:
        if "infinity" not in problem.msg:
            raise
    return orjson.loads(NUMBER.sub(lambda found: found[1] or b"1".ljust(len(found[0])), encoded))


def _fraction(digits: str, few: int = MACHINE_DIGITS - 1) -> Decimal:
    """Its exponent as it is, if it has no more digits than `few`. Decimal itself takes no more than 18."""
    mantissa, _, exponent = digits.replace("E", "e").partition("e")
    if len(exponent) > few and len(exponent.lstrip("+-").lstrip("0")) > few:
        digits = f"{mantissa}e{'-' if exponent.startswith('-') else ''}{MAX_EXPONENT}"
    return Decimal(digits)


def _integer(digits: str) -> int | Decimal:
    if len(digits) <= MACHINE_DIGITS:
        return int(digits)
    exact = Decimal(digits)
    return int(exact) if -(2**63) <= exact < 2**64 else exact


def _short(digits: str) -> str:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has more than {MAX_DIGITS} digits")
    return digits


def _as_written(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(format(value, "f") if abs(value.adjusted()) < MAX_PLAIN_EXPONENT else str(value))
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
