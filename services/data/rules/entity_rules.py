"""Compiles the rules and state machines of an entity, once per schema version."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from pydantic import ValidationError

from libs.shared import exact
from libs.shared.errors import Detail
from libs.shared.expressions import Expression
from libs.shared.schema import FieldDefinition, Snapshot
from libs.shared.schema.formulas import compiled
from libs.shared.schema.rules import ComputedRule, ExpressionRule, FieldRule, RelatedLoad, RuleDefinition
from libs.shared.schema.state_machines import STATE_TYPES, StateMachineDefinition
from libs.shared.schema.strict import Strict
from services.data.rules.attempt import Load
from services.data.rules.field_checks import Predicate, message_of, predicate_of
from services.data.rules.machines import Machine

log = structlog.get_logger()

M = TypeVar("M", bound=Strict)


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """A field rule. With `demands_value`, null and, on create, absence violate it; otherwise they pass."""

    field: str
    holds: Predicate
    demands_value: bool
    detail: Detail
    stops: bool


@dataclass(frozen=True, slots=True)
class ExpressionCheck:
    """An expression rule: violated where the expression is true."""

    expression: Expression
    loads: Sequence[Load]
    detail: Detail
    stops: bool


@dataclass(frozen=True, slots=True)
class Computed:
    """A computed field."""

    field: FieldDefinition
    expression: Expression
    loads: Sequence[Load]
    stops: bool


@dataclass(frozen=True, slots=True)
class Checks:
    """The field and expression rules of one hook, each in their order."""

    fields: Sequence[FieldCheck] = ()
    expressions: Sequence[ExpressionCheck] = ()

    def __bool__(self) -> bool:
        return bool(self.fields or self.expressions)


class EntityRules:
    """All active rules and machines of an entity; what can't be evaluated is left out.

    `fields` are the entity's fields by name, `fixed` those that no rule or action may set: keys, and
    what the server sets itself.
    """

    def __init__(
        self,
        fields: Mapping[str, FieldDefinition],
        fixed: frozenset[str],
        rules: Iterable[RuleDefinition],
        machines: Iterable[Machine],
    ) -> None:
        self.fields = fields
        self.fixed = fixed
        active = sorted((rule for rule in rules if rule.active), key=lambda rule: rule.priority)
        self.before_write = _checks(fields, active, "before_write")
        self.before_delete = _checks(fields, active, "before_delete")
        self.after_write = _checks(fields, active, "after_write")
        self.computed = list(_computed(fields, fixed, active))
        self.machines = [machine for machine in machines if _holds_states(fields.get(machine.field))]
        self.is_empty = not (
            self.before_write or self.before_delete or self.after_write or self.computed or self.machines
        )

    def needs_stored(self, action: str, names: Collection[str]) -> bool:
        """Whether deciding an `action` that sets `names` reads the stored record."""
        if action == "delete":
            return bool(self.before_delete)
        return action == "update" and (self._reads_stored(names) or self._moves(names))

    def needs_transaction(self, action: str, names: Collection[str]) -> bool:
        """Whether deciding takes more than the request: the stored record, related ones, or the written one."""
        if action != "delete" and (self.after_write or self.related_loads("before_write")):
            return True
        return self.needs_stored(action, names)

    def related_loads(self, hook: str) -> list[Load]:
        """The loads of the rules of before_write, before_delete or after_write, each once."""
        checks: Checks = getattr(self, hook)
        loads = [load for check in checks.expressions for load in check.loads]
        if hook == "before_write":
            loads += [load for computed in self.computed for load in computed.loads]
        return list(dict.fromkeys(loads))

    def computed_loads(self) -> list[Load]:
        """The loads of computed fields, each once."""
        return list(dict.fromkeys(load for computed in self.computed for load in computed.loads))

    def _reads_stored(self, names: Collection[str]) -> bool:
        known = set(names)
        for check in self.before_write.expressions:
            if _reads_beyond(check.expression, known):
                return True
        for computed in self.computed:
            if _reads_beyond(computed.expression, known):
                return True
            known.add(computed.field.name)
        return any(_roots(check.expression, "old") for check in self.after_write.expressions)

    def _moves(self, names: Collection[str]) -> bool:
        computed = {rule.field.name for rule in self.computed}
        return any(machine.field in names or machine.field in computed for machine in self.machines)


def _holds_states(field: FieldDefinition | None) -> bool:
    return field is not None and field.type in STATE_TYPES


def rules_of(snapshot: Snapshot, entity: str) -> EntityRules:
    """The rules of the entity of this name. Raises UNKNOWN_ENTITY."""
    definition = snapshot.entity(entity).definition
    auto = [field.name for field in definition.fields if field.auto]
    rules = _read(RuleDefinition, snapshot.documents.get("rules", ()), entity)
    machines = _read(StateMachineDefinition, snapshot.documents.get("state-machines", ()), entity)
    return EntityRules(
        {field.name: field for field in definition.fields},
        frozenset([*definition.primary_key.names, *auto]),
        (rule for _, rule in rules),
        [Machine(machine_id, machine, snapshot) for machine_id, machine in machines if machine.active],
    )


def _read(model: type[M], documents: Iterable[Mapping[str, Any]], entity: str) -> Iterator[tuple[str, M]]:
    for document in documents:
        if document.get("entity") != entity:
            continue
        try:
            yield str(document["id"]), model.stored(document)
        except ValidationError as error:
            # Metadata validates with the same model; only an older version of Rocket can have stored this.
            log.error("rule.not_readable", rule_id=document.get("id"), problems=error.error_count())


def _checks(fields: Mapping[str, FieldDefinition], rules: Sequence[RuleDefinition], hook: str) -> Checks:
    bodies = [rule.definition for rule in rules if rule.hook == hook]
    return Checks(
        [check for body in bodies if isinstance(body, FieldRule) for check in _field_check(fields, body)],
        [check for body in bodies if isinstance(body, ExpressionRule) for check in _expression_check(body)],
    )


def _field_check(fields: Mapping[str, FieldDefinition], body: FieldRule) -> Iterator[FieldCheck]:
    field = fields.get(body.field)
    holds = predicate_of(body, field) if field else None
    if holds is not None:
        detail = {"field": body.field, "rule": body.operator, "message": message_of(body)}
        yield FieldCheck(body.field, holds, body.operator == "required", detail, body.stop_on_fail)


def _expression_check(body: ExpressionRule) -> Iterator[ExpressionCheck]:
    expression = compiled(body.expression)
    if expression is not None:
        detail = {"rule": "expression", "message": body.message or "The record is not as a rule demands"}
        yield ExpressionCheck(expression, _loads(body.related_load), detail, body.stop_on_fail)


def _computed(
    fields: Mapping[str, FieldDefinition], fixed: frozenset[str], rules: Sequence[RuleDefinition]
) -> Iterator[Computed]:
    for body in (rule.definition for rule in rules):
        if isinstance(body, ComputedRule) and body.field in fields and body.field not in fixed:
            expression = compiled(body.expression)
            if expression is not None:
                yield Computed(fields[body.field], expression, _loads(body.related_load), body.stop_on_fail)


def _loads(declared: Sequence[RelatedLoad]) -> list[Load]:
    return [
        Load(
            each.relation,
            each.name or each.relation,
            exact.canonical(each.filter).decode(),
            each.filter,
        )
        for each in declared
    ]


def _reads_beyond(expression: Expression, known: Collection[str]) -> bool:
    """Whether the expression reads more of the record than the `known` fields, or the old record."""
    fields = [path.split(".")[1:2] for path in expression.paths if path.split(".")[0] == "record"]
    return _roots(expression, "old") or any(not field or field[0] not in known for field in fields)


def _roots(expression: Expression, root: str) -> bool:
    return any(path.split(".")[0] == root for path in expression.paths)
