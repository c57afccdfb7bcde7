"""Functions over strings. Lengths and places count characters, from 0."""

from __future__ import annotations

from typing import Any

from libs.shared.expressions.limits import Meter
from libs.shared.expressions.values.figures import whole
from libs.shared.expressions.values.kinds import refuse


def string(value: Any, name: str) -> str:
    """`value`, which must be a string; EvaluationError naming the function otherwise."""
    if isinstance(value, str):
        return value
    raise refuse(f"{name} works on strings, not on {{}}", value)


def lower(meter: Meter, text: Any) -> str:
    """`text` in small letters."""
    return _made(meter, meter.read(string(text, "lower")).lower())


def upper(meter: Meter, text: Any) -> str:
    """`text` in capitals."""
    return _made(meter, meter.read(string(text, "upper")).upper())


def trim(meter: Meter, text: Any) -> str:
    """`text` without white space at its ends."""
    return _made(meter, string(text, "trim").strip())


def starts_with(meter: Meter, text: Any, start: Any) -> bool:
    """Whether `text` begins with `start`."""
    return meter.read(string(text, "starts_with")).startswith(string(start, "starts_with"))


def ends_with(meter: Meter, text: Any, end: Any) -> bool:
    """Whether `text` ends with `end`."""
    return meter.read(string(text, "ends_with")).endswith(string(end, "ends_with"))


def substring(meter: Meter, text: Any, start: Any, length: Any = None) -> str:
    """`length` characters of `text` from `start` on, or all the rest, within the text."""
    purpose = "substring takes for its places"
    begin = max(whole(start, purpose), 0)
    end = None if length is None else begin + max(whole(length, purpose), 0)
    return _made(meter, string(text, "substring")[begin:end])


def replace(meter: Meter, text: Any, old: Any, new: Any) -> str:
    """`text` with every `old` replaced by `new`; an empty `old` is found nowhere."""
    whole, part, other = string(text, "replace"), string(old, "replace"), string(new, "replace")
    found = meter.read(whole).count(part) if part else 0
    if not found:
        return whole
    meter.make(len(whole) + found * (len(other) - len(part)))
    return whole.replace(part, other)


def _made(meter: Meter, text: str) -> str:
    """A result no longer than its argument (or three times that), paid for."""
    meter.make(len(text))
    return text
