"""Generated policies and records, and what a plain Python model says a user may do."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.property.models.queries import like

Record = dict[str, Any]

ROLES = ("red", "green", "blue")
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "s": st.sampled_from(["", "a", "ab", "B", "é%", "a_", "ann@example.com"]),
    "n": st.integers(-1, 2),
    "b": st.booleans(),
}
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "in": lambda value, listed: value in listed,
    "not_in": lambda value, listed: value not in listed,
    "like": lambda value, pattern: like(pattern, value),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A user: `$user.email` in conditions is theirs."""

    email: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a stored field."""

    field: str
    operator: str
    value: Any

    def holds(self, record: Record, person: Person) -> bool:
        """A null differs from every value, a comparison with null asks for nulls."""
        stored, value = record[self.field], person.email if self.value == "$user.email" else self.value
        if value is None:
            return (stored is None) == (self.operator == "eq")
        if stored is None:
            return self.operator in ("neq", "not_in")
        return COMPARISONS[self.operator](stored, value)


@dataclass(frozen=True, slots=True)
class Policy:
    """One grant."""

    action: str
    roles: Sequence[str]
    conditions: Sequence[Condition]

    def document(self, entity: str) -> dict[str, Any]:
        """The policy as an operator describes it."""
        conditions = [{"field": c.field, "operator": c.operator, "value": c.value} for c in self.conditions]
        return {"entity": entity, "action": self.action, "roles": list(self.roles), "conditions": conditions}


@dataclass(frozen=True, slots=True)
class Rules:
    """All policies of an entity: a whitelist, in which any matching policy suffices."""

    policies: Sequence[Policy]

    def of(self, action: str, person: Person) -> list[Policy]:
        """The policies for one of the person's roles."""
        return [p for p in self.policies if p.action == action and person.roles & set(p.roles)]

    def allow(self, action: str, person: Person, record: Record) -> bool:
        """Whether one of them holds for the record."""
        return any(all(c.holds(record, person) for c in p.conditions) for p in self.of(action, person))

    def create(self, person: Person) -> int:
        """The status of a create: conditions do not apply."""
        return 201 if self.of("create", person) else 403

    def get(self, person: Person, record: Record | None) -> int:
        """The status of a read: what is hidden is not there."""
        if not self.of("read", person):
            return 403
        return 200 if record is not None and self.allow("read", person, record) else 404

    def change(self, action: str, person: Person, record: Record | None) -> int:
        """The status of an update or delete: the record's absence is told before the lack of permission."""
        if record is None:
            return 404
        return 200 if self.allow(action, person, record) else 403


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(sorted(VALUES)))
    chosen = draw(st.sampled_from([name for name in COMPARISONS if name != "like" or field == "s"]))
    value: Any
    match chosen:
        case "in" | "not_in":
            value = draw(st.lists(VALUES[field], min_size=1, max_size=3))
        case "like":
            value = draw(st.sampled_from(["a%", "_", "%b", "é\\%", "%", "", "a\\_"]))
        case "eq" | "neq":
            value = draw(VALUES[field] | st.sampled_from([None, *(["$user.email"] if field == "s" else [])]))
        case _:
            value = draw(VALUES[field])
    return Condition(field, chosen, value)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    action = draw(st.sampled_from(["read", "read", "read", "create", "update", "update", "delete"]))
    roles = draw(st.sets(st.sampled_from(ROLES), min_size=draw(st.sampled_from([0, 1, 1, 1])), max_size=2))
    return Policy(action, sorted(roles), draw(st.lists(conditions(), max_size=2)))


RECORDS = st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()})
CHANGES = st.fixed_dictionaries({}, optional={name: st.none() | values for name, values in VALUES.items()})
