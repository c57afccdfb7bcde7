"""Generated policies with fields, masks and visibilities, and what a plain Python model says somebody may see.

Everything comes from a seeded `random.Random`, so that millions of cases are cheap and a failure can be
made again. Values are those of JSON, as records have them.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.property.models.queries import like

Record = dict[str, Any]
SALT = b"pepper"
ME, OTHER = "01890000-0000-7000-8000-000000000001", "01890000-0000-7000-8000-000000000002"
EMAIL = "ann@example.com"
ROLES = ("red", "green", "blue")
TEAMS: tuple[tuple[str, ...], ...] = (("red",), ("green", "blue"), ROLES)

KINDS: Mapping[str, str] = {
    "id": "uuid", "s": "string", "mail": "string", "n": "int", "d": "decimal", "b": "boolean", "t": "timestamp",
    "day": "date", "u": "uuid",
}  # fmt: skip
"""Field → type; decimals have two digits."""
POOL: Mapping[str, Sequence[Any]] = {
    "s": ["", "a", "ab", "B", "é%", "a_", EMAIL, "12345", "1234"],
    "mail": [EMAIL, "b@x.org", "nobody", "@", ""],
    "n": [-1, 0, 1, 2, 123456],
    "d": [-2.5, 0.0, 0.5, 1.25],
    "b": [True, False],
    "t": ["2020-01-01T00:00:00+00:00", "2024-05-06T07:08:09+00:00"],
    "day": ["2020-01-01", "2024-05-06"],
    "u": [ME, OTHER],
}
"""Values of the fields that may have any."""
NAMES = tuple(POOL)
PERSONAL = ("mail", "s", "t")
"""Fields that are personal data."""
PII_MASKS: Mapping[Any, Sequence[str]] = {
    "last4": ("mail", "s"), "email": ("mail", "s"), "hash": PERSONAL, "null": PERSONAL, None: PERSONAL,
}  # fmt: skip
"""Masks of personal data, and the fields that they fit; others are null."""
MASKS: Mapping[str, Sequence[Any]] = {
    "s": ["last4", "hash", "null", {"keep_last": 2}],
    "mail": ["email", "last4", "null", None],
    "n": ["last4", "hash", {"keep_last": 1}],
    "d": ["hash", "null"],
    "b": ["null"],
    "t": ["hash", None],
    "day": ["hash", "null"],
    "u": ["last4", "hash"],
}
COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "neq": operator.ne, "gt": operator.gt, "gte": operator.ge, "lt": operator.lt,
    "lte": operator.le, "in": lambda value, listed: value in listed,
    "not_in": lambda value, listed: value not in listed, "like": lambda value, pattern: like(pattern, value),
}  # fmt: skip

Test = Callable[[Record, "Person"], bool]
VISIBILITIES: Sequence[tuple[str, Test]] = [
    ("record.s == 'a'", lambda r, p: r["s"] == "a"),
    ("record.n > 0", lambda r, p: r["n"] is not None and r["n"] > 0),
    ("record.n + 1 >= 2 || record.b", lambda r, p: (r["n"] is not None and r["n"] >= 1) or r["b"] is True),
    ("record.s in ['a', 'ab'] && record.n != nil", lambda r, p: r["s"] in ("a", "ab") and r["n"] is not None),
    ("record.s == user.email", lambda r, p: r["s"] == p.email),
    ("record.u == user.id", lambda r, p: r["u"] == p.id),
    ("'red' in user.roles", lambda r, p: p.has("red")),
    ("'red' in user.roles || record.b", lambda r, p: p.has("red") or r["b"] is True),
    ("record.d * 2 < 2", lambda r, p: r["d"] is not None and r["d"] * 2 < 2),
    ("now > record.t", lambda r, p: r["t"] is not None),
    ("len(record.s) > 1", lambda r, p: r["s"] is not None and len(r["s"]) > 1),
    ("!(record.day < '2024-01-01')", lambda r, p: not (r["day"] is not None and r["day"] < "2024-01-01")),
    ("record.mail", lambda r, p: bool(r["mail"])),
]
"""Expressions, and what they mean."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with roles."""

    roles: Sequence[str]
    id: str = ME
    email: str = EMAIL

    def has(self, role: str) -> bool:
        return role in self.roles


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a stored field."""

    field: str
    operator: str
    value: Any

    def holds(self, record: Record) -> bool:
        """A null differs from every value, a comparison with null asks for nulls."""
        stored, value = record[self.field], {"$user.id": ME, "$user.email": EMAIL}.get(str(self.value), self.value)
        if value is None:
            return (stored is None) == (self.operator == "eq")
        if stored is None:
            return self.operator in ("neq", "not_in")
        return COMPARE[self.operator](stored, value)


@dataclass(frozen=True, slots=True)
class Policy:
    """One grant."""

    action: str
    roles: Sequence[str]
    conditions: Sequence[Condition]
    include: Sequence[str] | None = None
    exclude: Sequence[str] | None = None
    masks: Mapping[str, Any] = field(default_factory=dict)
    pii_mask: Any = "none"
    visible_when: Mapping[str, int] = field(default_factory=dict)
    """Field → number among VISIBILITIES."""

    def document(self, entity: str) -> dict[str, Any]:
        """The policy as an operator describes it."""
        document: dict[str, Any] = {
            "entity": entity, "action": self.action, "roles": list(self.roles),
            "conditions": [{"field": c.field, "operator": c.operator, "value": c.value} for c in self.conditions],
        }  # fmt: skip
        if self.include is not None:
            document["fields"] = {"include": list(self.include)}
        if self.exclude is not None:
            document["fields"] = {"exclude": list(self.exclude)}
        if self.masks:
            document["masks"] = dict(self.masks)
        if self.pii_mask != "none":
            document["pii_mask"] = self.pii_mask
        if self.visible_when:
            document["visible_when"] = {name: VISIBILITIES[n][0] for name, n in self.visible_when.items()}
        return document

    @property
    def masked(self) -> Mapping[str, Any]:
        """The masks of all fields that have one."""
        if self.pii_mask == "none":
            return self.masks
        return {n: self.pii_mask if n in PII_MASKS[self.pii_mask] else "null" for n in PERSONAL} | dict(self.masks)

    def holds(self, record: Record) -> bool:
        return all(condition.holds(record) for condition in self.conditions)

    def covers(self, name: str) -> bool:
        """Whether it grants a field of any record."""
        if name == "id":
            return True
        if self.include is not None:
            return name in self.include
        return name not in (self.exclude or ())

    def shows(self, name: str, record: Record, person: Person) -> bool:
        """Whether it grants a field of a record, masked or not."""
        if not self.covers(name):
            return False
        number = self.visible_when.get(name)
        return number is None or VISIBILITIES[number][1](record, person)


HIDDEN, CLEAR = "hidden", "clear"


@dataclass(frozen=True, slots=True)
class Access:
    """All policies for one action that are for one person."""

    policies: Sequence[Policy]
    person: Person

    @classmethod
    def of(cls, policies: Sequence[Policy], action: str, person: Person) -> Access:
        return cls([p for p in policies if p.action == action and set(p.roles) & set(person.roles)], person)

    def sees(self, record: Record) -> bool:
        """Whether one of them holds for the record."""
        return any(policy.holds(record) for policy in self.policies)

    def way(self, name: str, record: Record) -> Any:
        """How a field of a record is shown: clear, hidden, or the mask that shows most."""
        granting = [p for p in self.policies if p.holds(record) and p.shows(name, record, self.person)]
        if not granting:
            return HIDDEN
        if name == "id" or any(name not in policy.masked for policy in granting):
            return CLEAR
        return min((normal(policy.masked[name]) for policy in granting), key=rank)

    def shown(self, record: Record) -> Record:
        """What is shown of a record that is seen."""
        found = {}
        for name in KINDS:
            way = self.way(name, record)
            if way != HIDDEN:
                found[name] = record[name] if way == CLEAR else masked(way, name, record[name], record["id"])
        return found

    def value(self, name: str, record: Record) -> Any:
        """What the field is when records are chosen and ordered by it."""
        return record[name] if self.way(name, record) == CLEAR else None

    def is_askable(self, name: str) -> bool:
        """Whether it is for some records shown as it is."""
        if name == "id":
            return True
        return any(p.covers(name) and name not in p.masked and not self._never(p, name) for p in self.policies)

    def is_shown(self, name: str) -> bool:
        """Whether it is for some records shown, if masked."""
        return any(p.covers(name) and not self._never(p, name) for p in self.policies)

    def _never(self, policy: Policy, name: str) -> bool:
        """Whether a policy's visibility is false whatever the record is."""
        text = VISIBILITIES[policy.visible_when[name]][0] if name in policy.visible_when else ""
        return text == "'red' in user.roles" and not self.person.has("red")


def normal(mask: Any) -> tuple[str, int]:
    """A mask's kind, and how many characters it keeps."""
    if mask == "last4":
        return "keep_last", 4
    return ("keep_last", mask["keep_last"]) if isinstance(mask, dict) else (mask or "null", 0)


def rank(mask: tuple[str, int]) -> tuple[int, int]:
    return ["keep_last", "email", "hash", "null"].index(mask[0]), -mask[1]


def masked(mask: tuple[str, int], name: str, value: Any, key: Any = "", salt: bytes = SALT) -> Any:
    """What is shown instead of a value of the record of this key; hashes only where key and salt are known."""
    kind, keep = mask
    if value is None or kind == "null":
        return None
    text = f"{value:.2f}" if KINDS[name] == "decimal" else str(value)
    if kind == "hash":
        return hashlib.sha256(salt + f"{len(str(key))}:{key}{text}".encode()).hexdigest()
    if kind == "email":
        local, at, domain = text.partition("@")
        return "***" if not at else f"{local[0] if len(local) > 1 else ''}***@{domain}"
    return "****" + (text[len(text) - keep :] if len(text) > keep else "")


def condition(random: Random) -> Condition:
    name = random.choice(NAMES)
    operators = ["eq", "neq", "in", "not_in"] + (["gt", "gte", "lt", "lte"] if name not in ("b",) else [])
    chosen = random.choice(operators + (["like"] if name in ("s", "mail") else []))
    if chosen == "like":
        return Condition(name, chosen, random.choice(["a%", "_", "%b", "é\\%", "%", "", "a\\_"]))
    if chosen in ("in", "not_in"):
        return Condition(name, chosen, random.sample(POOL[name], k=min(len(POOL[name]), random.randint(1, 3))))
    value = random.choice(POOL[name])
    if chosen in ("eq", "neq"):
        own = {"s": "$user.email", "mail": "$user.email", "u": "$user.id"}.get(name)
        value = random.choice([value, value, None, *([own] if own else [])])
    return Condition(name, chosen, value)


def policy(random: Random, action: str = "read", prefix: str = "") -> Policy:
    """Any policy; one in four is for all records, one in three for all fields."""
    roles = [prefix + role for role in random.sample(ROLES, random.randint(1, 2))]
    conditions = [condition(random) for _ in range(random.choice([0, 1, 1, 2]))]
    names = random.sample(NAMES, random.randint(0, 5))
    include, exclude = random.choice([(None, None), (names, None), (None, names)])
    if action == "create":
        return Policy(action, roles, conditions, include, exclude)
    masks = {name: random.choice(MASKS[name]) for name in random.sample(NAMES, random.choice([0, 0, 1, 3]))}
    visible = {n: random.randrange(len(VISIBILITIES)) for n in random.sample(NAMES, random.choice([0, 0, 1, 2]))}
    pii_mask = random.choice(["none", "none", *PII_MASKS])
    return Policy(action, roles, conditions, include, exclude, masks, pii_mask, visible)


def policies(random: Random, prefix: str = "") -> list[Policy]:
    """A set of policies for reading."""
    return [policy(random, prefix=prefix) for _ in range(random.randint(1, 5))]


def record(random: Random, key: str) -> Record:
    values = {name: None if random.random() < 0.2 else random.choice(POOL[name]) for name in NAMES}
    return {"id": key, **values}


def definition(name: str) -> dict[str, Any]:
    """An entity whose records have these fields."""
    fields = [
        {"name": each, "type": kind, "pii": each in PERSONAL} | ({"precision": 2} if kind == "decimal" else {})
        for each, kind in KINDS.items()
    ]
    key = {"field": "id", "type": "uuid", "generated": True}
    return {"name": name, "table": f"{name}_rows", "primary_key": key, "fields": fields}
