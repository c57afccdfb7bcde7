"""The tree of a permission: tests of stored values, expressions, conjunctions and alternatives. Pure.

Trees are made by `all_of` and `either`, which leave out what decides nothing, so that two ways to say
the same mostly become the same tree and what always holds is known to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from libs.shared.expressions import Expression


class Own(Enum):
    """A value of the caller."""

    ID = "id"
    EMAIL = "email"
    SALT = "salt"


@dataclass(frozen=True, slots=True)
class FieldTest:
    """`field operator value`: the value parsed as the field's, a tuple of them for lists, or the caller's own."""

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


Condition = FieldTest | Holds | All | Either

ALWAYS = All(())
NEVER = Either(())
WEAKEST: Mapping[str, Callable[[Any, Any], Any]] = {"gt": min, "gte": min, "lt": max, "lte": max}
"""The weaker of two bounds, by operator."""


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


def factored(condition: Condition) -> Condition:
    """The same with each demand that alternatives share taken out of them: (a, b) or (a, c) is a and (b or c).

    As trees are compared, they are kept the other way; this is how they are decided, where it is one decision
    for many. Holds for unknowns too, as SQL has them.
    """
    match condition:
        case Either(parts):
            return _factored(parts)
        case All(parts):
            return all_of([factored(part) for part in parts])
    return condition


def demands_of(condition: Condition) -> tuple[Condition, ...]:
    """The parts of a condition that must all hold."""
    return condition.parts if isinstance(condition, All) else (condition,)


def _factored(parts: tuple[Condition, ...]) -> Condition:
    demands = Counter(demand for part in parts for demand in demands_of(part))
    shared, count = max(demands.items(), key=lambda item: item[1], default=(ALWAYS, 0))
    if count < 2:
        return Either(parts)
    having = [part for part in parts if shared in demands_of(part)]
    others = [part for part in parts if shared not in demands_of(part)]
    rest = either([all_of([each for each in demands_of(part) if each != shared]) for part in having])
    return either([all_of([shared, factored(rest)]), factored(either(others))])


def _merged(parts: Iterable[Condition]) -> Iterator[Condition]:
    """Joins alternatives about one field: equal to one of several values, or beyond one of several bounds."""
    wanted: dict[str, list[Any]] = {}
    bounds: dict[tuple[str, str], Any] = {}
    for part in parts:
        if not isinstance(part, FieldTest) or isinstance(part.value, Own):
            yield part
        elif part.operator in ("eq", "in"):
            wanted.setdefault(part.field, []).extend(part.value if part.operator == "in" else (part.value,))
        elif part.operator in WEAKEST:
            bound = part.field, part.operator
            bounds[bound] = WEAKEST[part.operator](bounds.get(bound, part.value), part.value)
        else:
            yield part
    for field, values in wanted.items():
        distinct = tuple(dict.fromkeys(values))
        yield FieldTest(field, "eq", distinct[0]) if len(distinct) == 1 else FieldTest(field, "in", distinct)
    for (field, operator), bound in bounds.items():
        yield FieldTest(field, operator, bound)


def _absorbed(parts: list[Condition]) -> list[Condition]:
    """The alternatives without those that only restrict another one."""
    demands = [frozenset(demands_of(part)) for part in parts]
    return [part for part, own in zip(parts, demands, strict=True) if not any(other < own for other in demands)]
