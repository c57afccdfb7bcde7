"""Compiles conditions to functions with the same results as `sql`, over records as the API answers them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.shared.expressions import EvaluationError
from libs.shared.permissions.comparisons import comparison, parsed
from libs.shared.permissions.conditions import All, Condition, Either, FieldTest, Holds, Own
from libs.shared.schema import BadValue, FieldDefinition, parse_value

Record = Mapping[str, Any]
Fields = Mapping[str, FieldDefinition]


@dataclass(frozen=True, slots=True)
class Person:
    """The caller and the time. `salt` is the app's, for hashes of values."""

    id: str
    email: str
    roles: tuple[str, ...]
    now: datetime
    salt: bytes = b""

    def own(self, value: Own) -> Any:
        """A value of the person."""
        return {Own.ID: self.id, Own.EMAIL: self.email, Own.SALT: self.salt}[value]


Check = Callable[[Record, Person], bool]


def check_of(condition: Condition, fields: Fields) -> Check:
    """The condition as a function of a record and a person. Its fields exist."""
    match condition:
        case FieldTest(name, operator, Own() as own):
            return _own_check(fields[name], operator, own)
        case FieldTest(name, operator, value):
            return _test_check(fields[name], operator, value)
        case Holds():
            return _expression_check(condition)
        case All(parts):
            checks = [check_of(part, fields) for part in parts]
            return lambda record, person: all(check(record, person) for check in checks)
        case Either(parts):
            alternatives = [check_of(part, fields) for part in parts]
            return lambda record, person: any(check(record, person) for check in alternatives)


def _test_check(field: FieldDefinition, operator: str, value: Any) -> Check:
    compare, name = comparison(field, operator, value), field.name
    return lambda record, person: compare(parsed(field, record.get(name)))


def _own_check(field: FieldDefinition, operator: str, own: Own) -> Check:
    def check(record: Record, person: Person) -> bool:
        try:
            value = parse_value(field, person.own(own))
        except BadValue:
            return False
        return comparison(field, operator, value)(parsed(field, record.get(field.name)))

    return check


def _expression_check(holds: Holds) -> Check:
    def check(record: Record, person: Person) -> bool:
        user = {"id": person.id, "email": person.email, "roles": list(person.roles)}
        try:
            return holds.expression.test({"record": record, "user": user, "now": person.now})
        except EvaluationError:
            return False

    return check
