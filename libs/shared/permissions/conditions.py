"""The tree of a permission: tests of stored values, expressions, and what joins them. Pure.

Trees are made by `all_of` and `either`, which leave out what decides nothing, so that two ways to say
the same mostly become the same tree and what always holds is known to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from libs.shared.expressions import Expression


class Own(Enum):
    """A value that the person who asks brings along."""

    ID = "id"
    EMAIL = "email"
    SALT = "salt"


@dataclass(frozen=True, slots=True)
class Test:
    """`field operator value`: the value parsed as the field's, a tuple of them for lists, or the person's own."""

    field: str
    operator: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Holds:
    """An expression over the record is true."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Condition, ...]


Condition = Test | Holds | All | Either

ALWAYS = All(())
NEVER = Either(())


def all_of(parts: Iterable[Condition]) -> Condition:
    """The condition that every part holds."""
    kept: dict[Condition, None] = {}
    for part in parts:
        if part == NEVER:
            return NEVER
        kept |= dict.fromkeys(part.parts if isinstance(part, All) else (part,))
    return next(iter(kept)) if len(kept) == 1 else All(tuple(kept))


def either(parts: Iterable[Condition]) -> Condition:
    """The condition that some part holds."""
    kept: dict[Condition, None] = {}
    for part in parts:
        if part == ALWAYS:
            return ALWAYS
        kept |= dict.fromkeys(part.parts if isinstance(part, Either) else (part,))
    merged = _absorbed(list(_merged(kept)))
    return merged[0] if len(merged) == 1 else Either(tuple(merged))


def _merged(parts: Iterable[Condition]) -> Iterator[Condition]:
    """Alternatives that want the same field to be one of several values, as one test."""
    wanted: dict[str, list[Any]] = {}
    for part in parts:
        if isinstance(part, Test) and part.operator in ("eq", "in") and not isinstance(part.value, Own):
            values = part.value if part.operator == "in" else (part.value,)
            wanted.setdefault(part.field, []).extend(values)
        else:
            yield part
    for field, values in wanted.items():
        distinct = tuple(dict.fromkeys(values))
        yield Test(field, "eq", distinct[0]) if len(distinct) == 1 else Test(field, "in", distinct)


def _absorbed(parts: list[Condition]) -> list[Condition]:
    """Alternatives without those that demand all that another demands, and more."""
    demands = [frozenset(part.parts if isinstance(part, All) else (part,)) for part in parts]
    return [part for part, own in zip(parts, demands, strict=True) if not any(other < own for other in demands)]
