"""Compiles policies to grants: the records that each applies to, and how it shows their fields.

An invalid policy (a field that is gone, a value that does not fit, an expression without an SQL form) grants nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from libs.shared.expressions import EvaluationError, ExpressionError, compile_expression
from libs.shared.permissions.comparisons import DOCUMENTS, ORDERED, TEXTS, check_pattern
from libs.shared.permissions.conditions import ALWAYS, NEVER, Condition, FieldTest, Holds, Own, all_of
from libs.shared.permissions.masks import Mask
from libs.shared.permissions.sql import translatable
from libs.shared.schema import BadValue, FieldDefinition, PolicyDefinition, parse_value
from libs.shared.schema.policies import NONE
from libs.shared.schema.policies import Condition as Said

OWN = {"$user.id": Own.ID, "$user.email": Own.EMAIL}
"""How conditions name the caller's values."""
OWN_TYPES = {Own.ID: (*TEXTS, "uuid"), Own.EMAIL: TEXTS}
"""The types of fields that each can be compared with."""
ROLES = "$user.roles"
CALLER = "$user"
"""The prefix of all names of the caller's values."""
MAX_COMPILED = 2_000
"""Expressions whose compiled form is cached, as several roles use each."""


@dataclass(frozen=True, slots=True)
class FieldGrant:
    """How a grant shows a field where `when` holds: masked, unless `mask` is None."""

    when: Condition
    mask: Mask | None


@dataclass(frozen=True, slots=True)
class PolicyGrant:
    """One policy: for records that meet `where` the fields in `fields`, each in its way."""

    policy: PolicyDefinition
    where: Condition
    fields: Mapping[str, FieldGrant] = field(default_factory=dict)

    def is_open(self, name: str) -> bool:
        """Whether it shows a field unmasked in all its records."""
        shown = self.fields.get(name)
        return shown is not None and shown.mask is None and shown.when == ALWAYS

    def about(self, name: str) -> Condition:
        """The records in which it shows a field. Conditions do not apply to records that are being created."""
        when = self.fields[name].when
        return when if self.policy.action == "create" else all_of([self.where, when])


def grant_of(
    policy: PolicyDefinition, fields: Mapping[str, FieldDefinition], keys: Sequence[str], roles: Sequence[str]
) -> PolicyGrant:
    """The grant of a policy to a caller with these roles."""
    where = conditions_of(policy, fields, roles)
    granted = {
        name: _field_grant(policy, each, fields, roles) for name, each in fields.items() if _covers(policy, name, keys)
    }
    return PolicyGrant(policy, where, granted | {name: FieldGrant(ALWAYS, None) for name in keys})


def conditions_of(policy: PolicyDefinition, fields: Mapping[str, FieldDefinition], roles: Sequence[str]) -> Condition:
    """The condition of a policy."""
    return all_of([test_of(condition, fields, roles) for condition in policy.conditions])


def test_of(said: Said, fields: Mapping[str, FieldDefinition], roles: Sequence[str]) -> Condition:
    """One condition; NEVER if it is invalid."""
    try:
        return checked_test(said, fields, roles)
    except BadValue:
        return NEVER


def checked_test(said: Said, fields: Mapping[str, FieldDefinition], roles: Sequence[str]) -> Condition:
    """One condition. Raises BadValue if it is invalid."""
    target = fields.get(said.field)
    if target is None:
        raise BadValue("is no field of the entity")
    if said.value is None:
        return _null_test(said)
    if target.type == "file" or (target.type == "json" and said.operator in ORDERED):
        raise BadValue("can only be compared with null")
    if said.operator == "like":
        return FieldTest(said.field, "like", _pattern(target, said.value))
    if said.operator in ("in", "not_in"):
        return _list_test(said, target, roles)
    return FieldTest(said.field, said.operator, _value(target, said.value))


def _null_test(said: Said) -> Condition:
    if said.operator not in ("eq", "neq"):
        raise BadValue(f"{said.operator} needs a value")
    return FieldTest(said.field, "is_null" if said.operator == "eq" else "is_not_null")


def _pattern(target: FieldDefinition, value: Any) -> str:
    if target.type not in TEXTS or not isinstance(value, str):
        raise BadValue("is no text, which like is for, or is compared with none")
    return check_pattern(value)


def _value(target: FieldDefinition, value: Any) -> Any:
    own = OWN.get(value) if isinstance(value, str) else None
    if own is None:
        return parse_value(target, _plain(value))
    if target.type not in OWN_TYPES[own]:
        raise BadValue(f"can't be compared with {value}")
    return own


def _list_test(said: Said, target: FieldDefinition, roles: Sequence[str]) -> Condition:
    if isinstance(said.value, str) and said.value in OWN:
        return FieldTest(said.field, "eq" if said.operator == "in" else "neq", _value(target, said.value))
    listed = list(roles) if said.value == ROLES else said.value
    if isinstance(listed, str):
        listed = [part.strip() for part in listed.split(",")]
    values = listed if isinstance(listed, list) else [listed]
    if target.type in DOCUMENTS:
        raise BadValue("can only be compared by eq and neq")
    return FieldTest(said.field, said.operator, tuple(parse_value(target, _plain(value)) for value in values))


def _plain(value: Any) -> Any:
    """A fixed value. Raises BadValue for a misspelt name of the caller's values, as `neq` would always hold."""
    if isinstance(value, str) and value.startswith(CALLER):
        raise BadValue(f"can't be compared with {value}: there are {', '.join(OWN)}, and {ROLES} for in and not_in")
    return value


def _covers(policy: PolicyDefinition, name: str, keys: Sequence[str]) -> bool:
    return name not in keys and (policy.fields is None or policy.fields.covers(name))


def _field_grant(
    policy: PolicyDefinition,
    target: FieldDefinition,
    fields: Mapping[str, FieldDefinition],
    roles: Sequence[str],
) -> FieldGrant:
    when = _visibility(policy.visible_when.get(target.name), fields, roles)
    mask = _mask(policy, target)
    return FieldGrant(when, mask if mask is None or mask.fits(target) else Mask("null"))


def _mask(policy: PolicyDefinition, target: FieldDefinition) -> Mask | None:
    if target.name in policy.masks:
        return Mask.of(policy.masks[target.name])
    return Mask.of(policy.pii_mask) if target.pii and policy.pii_mask != NONE else None


def _visibility(text: str | None, fields: Mapping[str, FieldDefinition], roles: Sequence[str]) -> Condition:
    if text is None:
        return ALWAYS
    if problem_of(text, fields):
        return NEVER
    expression = _compiled(text)
    if not expression.paths <= {"user.roles"}:
        return Holds(expression)
    try:
        return ALWAYS if expression.test({"user": {"roles": list(roles)}}) else NEVER
    except EvaluationError:
        return NEVER


_compiled = lru_cache(MAX_COMPILED)(compile_expression)


def problem_of(text: str, fields: Mapping[str, FieldDefinition]) -> str | None:
    """Why an expression can't decide about records with these fields, None if it can."""
    try:
        expression = _compiled(text)
    except ExpressionError as error:
        return f"does not compile: {error}"
    for path in sorted(expression.paths):
        root, *names = path.split(".")
        if root not in ("record", "user", "now"):
            return f"knows record, user and now, not {root}"
        if root == "record" and names and names[0] not in fields:
            return f"names the field {names[0]}, which there is not"
    if not translatable(expression, fields):
        return "can't be decided by the database: it may fail for some records, or uses what SQL has no exact form for"
    return None
