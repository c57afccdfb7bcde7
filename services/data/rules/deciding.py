"""Decides about a write, in this order: field rules, expression rules, computed fields, state machines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from libs.shared.errors import Detail, RocketError, summary
from libs.shared.expressions import EvaluationError
from libs.shared.schema import BadValue, parse_value
from services.data.rules.actions import effects_of, set_fields
from services.data.rules.attempt import AttemptedWrite, Decision
from services.data.rules.entity_rules import Checks, Computed, EntityRules, ExpressionCheck, FieldCheck
from services.data.rules.forms import Record, parsed, serialize, serialize_record
from services.data.rules.machines import Machine, TakenTransition, TransitionRefused


def decide(rules: EntityRules, attempt: AttemptedWrite) -> Decision:
    """The values to write, and the effects of transitions.

    Raises VALIDATION_FAILED with all violations in order, FORBIDDEN for a transition of other roles.
    """
    if rules.is_empty:
        return Decision(dict(attempt.values), [])
    return begin(rules, attempt).finish()


def begin(rules: EntityRules, attempt: AttemptedWrite) -> Deciding:
    """A decision for which field rules, expression rules and computed fields have been applied; machines are left.

    Raises VALIDATION_FAILED where a rule says that nothing further is to be looked at.
    """
    deciding = Deciding(rules, attempt)
    deciding.check()
    return deciding


def recompute(rules: EntityRules, attempt: AttemptedWrite, *, checked: bool) -> Decision | None:
    """The computed values of a stored record that have changed; None where none that loads records has.

    With `checked`, rules and machines must allow the result. Raises VALIDATION_FAILED also for what can't be computed,
    FORBIDDEN for a transition of other roles.
    """
    return Deciding(rules, attempt).again(checked)


def compute(rules: EntityRules, attempt: AttemptedWrite) -> dict[str, Any]:
    """The values with initial states and computed fields. Nothing is checked: for writes that bypass rules.

    Raises VALIDATION_FAILED for what can't be computed.
    """
    return Deciding(rules, attempt).computed_values()


def check_written(rules: EntityRules, attempt: AttemptedWrite, record: Record) -> None:
    """Apply the after_write rules to the record as it was written. Raises VALIDATION_FAILED."""
    if rules.after_write:
        check_record(rules.after_write, attempt, record)


def check_record(checks: Checks, attempt: AttemptedWrite, record: Record) -> None:
    """Apply all checks of a hook to a record. Raises VALIDATION_FAILED."""
    details: list[Detail] = []
    _check(checks, attempt, record, {check.field for check in checks.fields}, details)
    if details:
        raise _refusal(details)


class Deciding:
    """One decision in progress: the values so far, the record they result in, the violations."""

    def __init__(self, rules: EntityRules, attempt: AttemptedWrite) -> None:
        self.rules = rules
        self.attempt = attempt
        self.values = dict(attempt.values)
        self.details: list[Detail] = []
        self.forbidden: RocketError | None = None
        self.computed: set[str] = set()
        if attempt.action == "create":
            self._supply_initial_states()
        self.record = {**(attempt.old or {}), **serialize_record(rules.fields, self.values)}

    def check(self) -> None:
        """Apply field and expression rules, and compute. Violations are collected."""
        attempt, rules = self.attempt, self.rules
        checks = rules.before_delete if attempt.action == "delete" else rules.before_write
        names = self.values if attempt.action == "update" else rules.fields
        _check(checks, attempt, self.record, names, self.details)
        if attempt.action != "delete" and not self.details:
            self._compute()

    @property
    def moves(self) -> bool:
        """Whether the write sets the field of a machine, so that a machine decides."""
        return self.attempt.action != "delete" and any(each.field in self.values for each in self.rules.machines)

    def finish(self) -> Decision:
        """Have machines decide. Raises VALIDATION_FAILED with all violations, FORBIDDEN."""
        if self.attempt.action != "delete":
            steps = self._move()
            if not self.details and not self.forbidden:
                return self._act(steps)
        if self.details:
            raise _refusal(self.details)
        if self.forbidden:
            raise self.forbidden
        return Decision(self.values, [])

    def again(self, checked: bool) -> Decision | None:
        self._compute()
        if self.details:
            raise _refusal(self.details)
        changed = {name for name in self.computed if self._differs(name)}
        if changed.isdisjoint(rule.field.name for rule in self.rules.computed if rule.loads):
            return None
        self.values = {name: self.values[name] for name in changed}
        if not checked:
            return Decision(self.values, [])
        _check(self.rules.before_write, self.attempt, self.record, changed, self.details)
        steps = self._move()
        if self.details:
            raise _refusal(self.details)
        if self.forbidden:
            raise self.forbidden
        return self._act(steps)

    def computed_values(self) -> dict[str, Any]:
        self._compute()
        if self.details:
            raise _refusal(self.details)
        return self.values

    def _differs(self, name: str) -> bool:
        """Whether a computed value differs from the stored one, both as the column stores them."""
        field = self.rules.fields[name]
        old, new = (self.attempt.old or {}).get(name), self.record[name]
        if old is None or new is None:
            return old is not new
        return bool(parse_value(field, old) != parse_value(field, new))

    def _supply_initial_states(self) -> None:
        for machine in self.rules.machines:
            if self.values.get(machine.field) is None:
                self.values[machine.field] = machine.initial

    def _compute(self) -> None:
        for rule in self.rules.computed:
            detail = self._compute_one(rule)
            if detail is not None:
                self.details.append(detail)
                if rule.stops:
                    raise _refusal(self.details)

    def _compute_one(self, rule: Computed) -> Detail | None:
        field = rule.field
        try:
            environment = self.attempt.with_related(self.attempt.environment(self.record), rule.loads)
            value = parsed(field, rule.expression(environment))
        except EvaluationError as problem:
            return _computed_detail(rule, f"can't be computed: {problem.message}")
        except BadValue as problem:
            return _computed_detail(rule, str(problem))
        if value in (None, "") and field.required and not (value is None and field.nullable):
            return _computed_detail(rule, "is required, and nothing was computed")
        self.values[field.name] = value
        self.record[field.name] = serialize(field, value)
        self.computed.add(field.name)
        return None

    def _move(self) -> list[TakenTransition]:
        """The transitions that the write takes. Refusals are collected."""
        steps = []
        environment = self.attempt.environment(self.record)
        for machine in self.rules.machines:
            try:
                step = self._step(machine, environment)
            except TransitionRefused as refused:
                self.details.append(refused.detail)
            except RocketError as refusal:
                self.forbidden = refusal
            else:
                steps += [step] if step else []
        return steps

    def _step(self, machine: Machine, environment: Mapping[str, Any]) -> TakenTransition | None:
        name = machine.field
        if self.attempt.action == "create":
            if name in self.computed or name in self.attempt.sent:
                machine.begin(self.values[name])
            return None
        if name not in self.values:
            return None
        old = (self.attempt.old or {}).get(name)
        return machine.move(old, self.values[name], self.attempt, environment)

    def _act(self, steps: list[TakenTransition]) -> Decision:
        environment = self.attempt.environment(self.record)
        try:
            values = set_fields(self.rules, steps, environment)
            self.values |= values
            self.record |= serialize_record(self.rules.fields, values)
            return Decision(self.values, effects_of(steps, environment))
        except TransitionRefused as refused:
            raise _refusal([refused.detail]) from None


def _check(
    checks: Checks, attempt: AttemptedWrite, record: Record, names: Collection[str], details: list[Detail]
) -> None:
    """Add the violations to `details`. Raises VALIDATION_FAILED at once where a rule says so."""
    for check in checks.fields:
        if check.field in names and _violates(check, record.get(check.field)):
            _note(check.detail, check.stops, details)
    environment = attempt.environment(record)
    for rule in checks.expressions:
        message = _violation(rule, attempt, environment)
        if message is not None:
            _note({**rule.detail, "message": message}, rule.stops, details)


def _violates(check: FieldCheck, value: Any) -> bool:
    return check.demands_value if value is None else not check.holds(value)


def _violation(rule: ExpressionCheck, attempt: AttemptedWrite, environment: Mapping[str, Any]) -> str | None:
    """The message of a violation. A rule that can't be evaluated counts as violated, and the message says why."""
    try:
        holds = rule.expression.test(attempt.with_related(environment, rule.loads))
        return str(rule.detail["message"]) if holds else None
    except EvaluationError as problem:
        return f"{rule.detail['message']} (the rule can't be evaluated: {problem.message})"


def _note(detail: Detail, stops: bool, details: list[Detail]) -> None:
    details.append(detail)
    if stops:
        raise _refusal(details)


def _computed_detail(rule: Computed, message: str) -> Detail:
    return {"field": rule.field.name, "rule": "computed", "message": message}


def _refusal(details: list[Detail]) -> RocketError:
    return RocketError("VALIDATION_FAILED", summary(details[0]), details)
