"""Types of the values that expressions read. Every value may also be nil."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from libs.shared.expressions.values.kinds import Kind


@dataclass(frozen=True, slots=True)
class Unknown:
    """Any type: that of a JSON value is unknown until evaluation."""


@dataclass(frozen=True, slots=True)
class Simple:
    """A value of one kind without parts. `options`: the only strings that it can be; None for any.

    `entity` is set where the value is the name of this entity.
    """

    kind: Kind
    options: frozenset[str] | None = None
    entity: str = ""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose elements are of one type."""

    element: Type


@dataclass(frozen=True, slots=True)
class Object:
    """An object of which all members are known. `entity` is set where they are named like this entity's fields."""

    members: Mapping[str, Type] = field(hash=False)
    entity: str = ""


Type = Unknown | Simple | ListOf | Object
Environment = Mapping[str, Type]
"""The types of names."""

ANY = Unknown()
NIL = Simple(Kind.NIL)
BOOLEAN = Simple(Kind.BOOLEAN)
NUMBER = Simple(Kind.NUMBER)
STRING = Simple(Kind.STRING)
DATE = Simple(Kind.DATE)
DURATION = Simple(Kind.DURATION)


def kind_of(found: Type) -> Kind | None:
    """The kind of a type's values; None where it is not known."""
    match found:
        case Simple(kind):
            return kind
        case ListOf():
            return Kind.LIST
        case Object():
            return Kind.OBJECT
    return None


def common(*types: Type) -> Type:
    """The type of a value that is of one of these; nil says nothing, as everything may be nil."""
    known = [each for each in types if each != NIL]
    if not known:
        return NIL
    if all(each == known[0] for each in known):
        return known[0]
    kinds = {each.kind for each in known if isinstance(each, Simple)}
    return Simple(kinds.pop()) if len(kinds) == 1 and all(isinstance(each, Simple) for each in known) else ANY
