"""Tries a rule or guard before it is saved: which records would violate it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from libs.shared.contracts.context import Identity
from libs.shared.errors import RocketError, detail_of, invalid, invalid_field
from libs.shared.expressions import EvaluationError, Expression, compile_expression
from libs.shared.expressions.syntax.tree import Negation, Node
from libs.shared.nearest import unknown
from libs.shared.schema import BadValue, FieldDefinition, parse_value
from libs.shared.schema.formulas import Formula
from libs.shared.schema.parts import Name
from libs.shared.schema.rules import ExpressionRule, FieldRule, RuleDefinition
from libs.shared.schema.strict import Strict
from libs.shared.schema.validation_errors import errors_in
from services.data.rules.attempt import AttemptedWrite
from services.data.rules.deciding import check_record, decide
from services.data.rules.entity_rules import EntityRules
from services.data.rules.field_checks import serialize_operand
from services.data.rules.field_trees import violation_tree
from services.data.rules.forms import Record, serialize

MAX_IDS = 100
RULE_KEYS = {"hook", "type", "definition"}
"""Keys that rules have and guards do not."""
GROUND_KEYS = {"limit", "as_of", "record"}
"""Keys of a request that say on which records it is tried."""


class TriedGuard(Strict):
    """The guard of a transition of `field` to the state `to`, tried on the records in the states `from`."""

    entity: Name
    guard: Formula
    field: str = ""
    origins: list[str] = Field(default_factory=list, alias="from")
    to: str | None = None

    @field_validator("origins", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return [given] if isinstance(given, str) else given


@dataclass(frozen=True, slots=True)
class TrialRequest:
    """The definition to try, and how many ids of violating records to return.

    It is tried on the records as they were at the moment `as_of`, or on `sample` alone.
    """

    definition: RuleDefinition | TriedGuard
    limit: int
    as_of: str = ""
    sample: Mapping[str, Any] | None = None


def read_trial_request(document: Mapping[str, Any]) -> TrialRequest:
    """The trial of a request: a rule or a guard, and on which records. Raises VALIDATION_FAILED."""
    limit, as_of, sample = _ground(document)
    model = RuleDefinition if RULE_KEYS & document.keys() else TriedGuard
    asked = {key: value for key, value in document.items() if key not in GROUND_KEYS}
    try:
        return TrialRequest(model.model_validate(asked), limit, as_of, sample)
    except ValidationError as error:
        mistakes = errors_in(error, model, asked)
        raise invalid("This can't be tried", *(detail_of(path, words) for path, words in mistakes)) from None


def _ground(document: Mapping[str, Any]) -> tuple[int, str, Mapping[str, Any] | None]:
    limit, as_of, sample = document.get("limit", 20), document.get("as_of", ""), document.get("record")
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MAX_IDS:
        raise invalid_field("limit", f"limit must be a whole number from 1 to {MAX_IDS}")
    if isinstance(as_of, bool) or not isinstance(as_of, (str, int)):
        raise invalid_field("as_of", "as_of must be a time, or a position")
    if sample is not None and not isinstance(sample, dict):
        raise invalid_field("record", "record must be an object")
    if sample is not None and as_of:
        raise invalid_field("as_of", "Either record or as_of can be given")
    return limit, str(as_of), sample


def serialize_sample(sample: Mapping[str, Any], fields: Mapping[str, FieldDefinition]) -> Record:
    """A record as expressions see it, from the values of a body; fields that are left out are null.

    Raises VALIDATION_FAILED for unknown names and wrong values.
    """
    found: dict[str, Any] = dict.fromkeys(fields)
    for name, value in sample.items():
        if name not in fields:
            raise invalid_field(f"record.{name}", unknown(name, fields))
        try:
            found[name] = None if value is None else serialize(fields[name], parse_value(fields[name], value))
        except BadValue as problem:
            raise invalid_field(f"record.{name}", f"{name} {problem}") from None
    return found


@dataclass(frozen=True, slots=True)
class Trial:
    """A definition ready to be tried on stored records, each of which is its own old record.

    `tree` is the violation as an expression, where there is one; `states` are the values of `field`
    that a record must have to be looked at.
    """

    attempt: AttemptedWrite
    tree: Node | None
    rules: EntityRules | None = None
    guard: Expression | None = None
    field: str = ""
    states: tuple[str, ...] = ()
    to: str | None = None

    def violated_by(self, record: Record) -> bool:
        """Whether a stored record would violate the rule, or fail the guard."""
        attempt = replace(self.attempt, old=record)
        try:
            if self.guard is not None:
                overlaid = record if self.to is None else {**record, self.field: self.to}
                return not self.guard.test(attempt.environment(overlaid))
            assert self.rules is not None
            for checks in (self.rules.before_write, self.rules.before_delete, self.rules.after_write):
                check_record(checks, attempt, record)
            if self.rules.computed:
                decide(self.rules, attempt)
        except (EvaluationError, RocketError):
            return True
        return False

    def environment(self) -> dict[str, Any]:
        """What expressions can read beside the record."""
        known = self.attempt.environment({})
        return {name: value for name, value in known.items() if name not in ("record", "old")}


def prepare(
    request: TrialRequest, fields: Mapping[str, FieldDefinition], fixed: frozenset[str], caller: Identity, now: datetime
) -> Trial:
    """The trial for an entity of these fields. Raises VALIDATION_FAILED for what can't be tried."""
    definition = request.definition
    if isinstance(definition, TriedGuard):
        return _guard_trial(definition, fields, AttemptedWrite("update", {}, frozenset(), caller, now))
    action: Literal["update", "delete"] = "delete" if definition.hook == "before_delete" else "update"
    rules = EntityRules(fields, fixed, [definition.model_copy(update={"active": True})], [])
    if rules.related_loads(definition.hook):
        raise invalid("Rules that load related records can't be tried")
    tree = _violation(definition, fields)
    if rules.is_empty:
        raise invalid_field("definition.field", "The entity has no such field, or a rule may not compute it")
    return Trial(AttemptedWrite(action, {}, frozenset(), caller, now), tree, rules)


def _guard_trial(definition: TriedGuard, fields: Mapping[str, FieldDefinition], attempt: AttemptedWrite) -> Trial:
    name = definition.field
    if (name and name not in fields) or (not name and (definition.origins or definition.to is not None)):
        raise invalid_field("field", f"The entity has no field {name}")
    guard = compile_expression(definition.guard)
    sees_state = any(path in ("record", f"record.{name}") for path in guard.paths)
    tree = None if definition.to is not None and sees_state else Negation(guard.tree)
    return Trial(attempt, tree, None, guard, name, tuple(definition.origins), definition.to)


def _violation(definition: RuleDefinition, fields: Mapping[str, FieldDefinition]) -> Node | None:
    body = definition.definition
    if isinstance(body, ExpressionRule):
        return compile_expression(body.expression).tree
    if not isinstance(body, FieldRule) or body.field not in fields:
        return None
    rule_field = fields[body.field]
    try:
        operand = serialize_operand(body, rule_field)
    except BadValue as problem:
        raise invalid_field("definition.value", f"The value for {body.field} {problem}") from None
    return violation_tree(body.field, body.operator, operand)
