"""May this caller do this to which records? One answer for every path: a Grant.

A whitelist: without a policy there is no access. Several policies of a caller are a union. The role
admin passes everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.errors import RocketError
from libs.shared.schema import BadValue, Condition, FieldDefinition, parse_value
from libs.shared.telemetry import tracing
from services.data.model import EntityModel
from services.data.query.predicates import Comparison, Parameters, check_pattern, compare, slotted
from services.data.query.shapes import Visible


@dataclass(frozen=True, slots=True)
class Grant:
    """What is granted: all records (`alternatives` is None), or those that meet one of the alternatives."""

    alternatives: Sequence[Sequence[Comparison]] | None = None

    def condition(self, row: str, parameters: Parameters) -> str:
        """The grant as SQL over `row`."""
        if self.alternatives is None:
            return "true"
        clauses = [" AND ".join(compare(c, row, parameters) for c in every) for every in self.alternatives]
        return "(" + (" OR ".join(f"({clause})" for clause in clauses) or "false") + ")"

    def visible(self, slot: Callable[[Any], int]) -> Visible:
        """The grant as a shape, its values taken and numbered by `slot`."""
        if self.alternatives is None:
            return None
        return tuple(tuple(slotted(comparison, slot) for comparison in every) for every in self.alternatives)


EVERYTHING = Grant()


def grant_for(entity: EntityModel, action: str, caller: Identity) -> Grant:
    """What the caller may `action` (read, create, update, delete) in `entity`. Raises FORBIDDEN for nothing."""
    if caller.scopes is not None and not caller.allows(entity.name, action):
        raise RocketError("FORBIDDEN", f"This API key may not {action} {entity.name}")
    if caller.passes_policies:
        return EVERYTHING  # nothing is looked up, so there is nothing to trace
    with tracing.span("auth", "permissions", "permission.check", entity.name):
        matching = [p for p in entity.policies if p.action == action and set(p.roles) & set(caller.roles)]
        if not matching:
            raise RocketError("FORBIDDEN", f"You may not {action} {entity.name}")
        if any(not policy.conditions for policy in matching):
            return EVERYTHING
        alternatives = [_comparisons(entity, policy.conditions, caller) for policy in matching]
        return Grant([every for every in alternatives if every is not None])


def readable_fields(entity: EntityModel, caller: Identity) -> Mapping[str, FieldDefinition]:
    """The fields that the caller may see, and so may filter, sort, search and group by."""
    return entity.fields


def _comparisons(entity: EntityModel, conditions: Sequence[Condition], caller: Identity) -> Sequence[Comparison] | None:
    """The conditions of one policy; None if one can never hold (its field is gone, its value does not fit)."""
    comparisons = []
    for condition in conditions:
        field = entity.fields.get(condition.field)
        if field is None:
            return None
        try:
            comparisons.append(Comparison(field, condition.operator, _parsed(field, condition, caller)))
        except BadValue:
            return None
    return comparisons


def _parsed(field: FieldDefinition, condition: Condition, caller: Identity) -> Any:
    value = _value(condition, caller)
    match condition.operator:
        case "in" | "not_in" if isinstance(value, list):
            return [parse_value(field, each) for each in value]
        case "like" if isinstance(value, str):
            return parse_value(field, check_pattern(value))
    return None if value is None else parse_value(field, value)


def _value(condition: Condition, caller: Identity) -> Any:
    match condition.value:
        case "$user.id":
            return caller.id
        case "$user.email":
            return caller.email
        case str() as text if condition.operator in ("in", "not_in"):
            return [part.strip() for part in text.split(",")]
    return condition.value
