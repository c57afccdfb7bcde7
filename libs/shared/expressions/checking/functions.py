"""The parameter and result types of functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from libs.shared.expressions.checking.types import BOOLEAN, DATE, DURATION, NUMBER, STRING, Type, kind_of
from libs.shared.expressions.values.kinds import Kind

TEXT = (Kind.STRING,)
AMOUNT = (Kind.NUMBER,)
MOMENT = (Kind.DATE, Kind.STRING)


class Signature(NamedTuple):
    """Kinds that each argument may be of, the last for all further ones, and the type of the result."""

    takes: Sequence[tuple[Kind, ...]]
    gives: Type


SIGNATURES: Mapping[str, Signature] = {
    "len": Signature([(Kind.STRING, Kind.LIST, Kind.OBJECT)], NUMBER),
    "lower": Signature([TEXT], STRING),
    "upper": Signature([TEXT], STRING),
    "trim": Signature([TEXT], STRING),
    "starts_with": Signature([TEXT], BOOLEAN),
    "ends_with": Signature([TEXT], BOOLEAN),
    "substring": Signature([TEXT, AMOUNT], STRING),
    "replace": Signature([TEXT], STRING),
    "matches": Signature([TEXT], BOOLEAN),
    "round": Signature([AMOUNT], NUMBER),
    "abs": Signature([AMOUNT], NUMBER),
    "now": Signature([], DATE),
    "date": Signature([MOMENT], DATE),
    "days": Signature([AMOUNT], DURATION),
    "hours": Signature([AMOUNT], DURATION),
    "minutes": Signature([AMOUNT], DURATION),
    "year": Signature([MOMENT], NUMBER),
    "month": Signature([MOMENT], NUMBER),
    "day": Signature([MOMENT], NUMBER),
}
"""Functions that compute with their arguments' values; those over lists, and a few others, are the checker's own."""

ADDING = ("sum", "avg")
"""Functions over lists whose values must be numbers."""


def unfit(name: str, arguments: Sequence[Type]) -> str | None:
    """What is wrong with the arguments of a call, if anything."""
    takes = SIGNATURES[name].takes
    for number, argument in enumerate(arguments):
        kind, allowed = kind_of(argument), takes[min(number, len(takes) - 1)]
        if kind is not None and kind not in (Kind.NIL, *allowed):
            return f"{name} takes {' or '.join(each.value for each in allowed)}, not {kind.value}"
    return None
