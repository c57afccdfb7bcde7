"""How an instance continues: pure decisions. No I/O; time is a parameter.

    instance, signals, call = advance(definition, instance, outcome, now)

An instance runs through conditions, webhooks and finished steps at once and stops where it must wait: at an approval,
or at a call of another service. The outcome of the call is handed to `advance` again. A call that is repeated has the
same effect key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from libs.shared import clock
from libs.shared.contracts.signals import (
    ApprovalRequested,
    InstanceCompleted,
    InstanceFailed,
    InstanceSignal,
    InstanceStarted,
    StepCompleted,
    WebhookRequested,
)
from libs.shared.errors import RocketError
from libs.shared.expressions import EvaluationError, Expression, compile_expression
from libs.shared.schema.workflows import (
    END,
    ActionStep,
    ApprovalStep,
    ConditionStep,
    SetFieldAction,
    Target,
    WebhookAction,
    WorkflowDefinition,
    destination,
)
from services.workflow.instance import Instance
from services.workflow.outcomes import (
    Decided,
    Done,
    Failed,
    Looked,
    PendingSignal,
    RetryLater,
    SetFieldCall,
    StepOutcome,
)
from services.workflow.paths import resolve

MAX_STEPS = 1000
"""Steps an instance may enter: ends definitions with endless loops."""

Advanced = tuple[Instance, tuple[PendingSignal, ...], SetFieldCall | None]
"""The new state, the signals that are committed with it, and the call that it waits for."""


def start(definition: WorkflowDefinition, fresh: Instance, now: datetime) -> Advanced:
    """A new instance, advanced until it must wait."""
    run = _Run(definition, fresh, now)
    run.emit(InstanceStarted)
    run.enter(definition.steps[0].id)
    return run.as_far_as_possible()


def advance(definition: WorkflowDefinition, instance: Instance, outcome: StepOutcome, now: datetime) -> Advanced:
    """The instance after `outcome`, its signals and its call; unchanged if it has ended."""
    run = _Run(definition, instance, now)
    if instance.status != "running":
        return instance, (), None
    match outcome:
        case Done():
            run.change(action_index=instance.action_index + 1, attempts=0)
        case RetryLater(delay):
            run.change(attempts=instance.attempts + 1, due_at=now + delay)
            return run.instance, (), None
        case Failed(reason):
            run.fail(reason)
        case Decided():
            run.decide(outcome)
        case Looked():
            run.time_out_if_overdue()
    return run.as_far_as_possible()


def awaited(definition: WorkflowDefinition, instance: Instance) -> ApprovalStep | None:
    """The approval that the instance waits for, if it does."""
    if instance.status != "running" or instance.step is None:
        return None
    step = definition.step(instance.step)
    return step if isinstance(step, ApprovalStep) else None


def may_decide(step: ApprovalStep, roles: tuple[str, ...]) -> bool:
    """Whether a user with these roles may approve or reject."""
    return step.assignee is None or step.assignee.role in roles or "admin" in roles


def check_decision(definition: WorkflowDefinition, instance: Instance, roles: tuple[str, ...], now: datetime) -> None:
    """Refuse a decision that is not awaited (INVALID_STATE), or that this user may not make (FORBIDDEN)."""
    step = awaited(definition, instance)
    if step is None:
        raise RocketError("INVALID_STATE", "The workflow does not wait for a decision")
    if not may_decide(step, roles):
        raise RocketError("FORBIDDEN", "You do not have the role for this decision")
    if instance.deadline is not None and now >= instance.deadline:
        raise RocketError("INVALID_STATE", "The time for this decision has passed")


class _Run:
    """One run of an instance, from one stop to the next."""

    def __init__(self, definition: WorkflowDefinition, instance: Instance, now: datetime) -> None:
        self._definition = definition
        self._now = now
        self._signals: list[PendingSignal] = []
        self._call: SetFieldCall | None = None
        self.instance = instance

    def change(self, **values: Any) -> None:
        self.instance = replace(self.instance, **values)

    def emit(self, signal_type: type[InstanceSignal], **own_fields: Any) -> None:
        self._signals.append(PendingSignal(signal_type, own_fields))

    def as_far_as_possible(self) -> Advanced:
        """Take steps until one must wait."""
        while self.instance.status == "running" and self._take_step():
            pass
        return self.instance, tuple(self._signals), self._call

    def enter(self, target: str) -> None:
        """Go on to a step, or end."""
        if target == END:
            self.change(status="completed", step=None, deadline=None, due_at=None)
            self.emit(InstanceCompleted)
            return
        number = self.instance.step_number + 1
        self.change(step=target, step_number=number, action_index=0, attempts=0, deadline=None, due_at=self._now)
        step = self._definition.step(target)
        if number > MAX_STEPS:
            self.fail(f"more than {MAX_STEPS} steps")
        elif isinstance(step, ApprovalStep):
            self._wait(step)

    def fail(self, reason: str) -> None:
        """End for good, with the reason in the history."""
        self._note("failed", reason=reason)
        self.emit(InstanceFailed, step=self.instance.step, reason=reason)
        self.change(status="failed", deadline=None, due_at=None)

    def decide(self, decision: Decided) -> None:
        step = awaited(self._definition, self.instance)
        if step is not None:
            said = {"comment": decision.comment} if decision.comment else {}
            status, target = ("approved", step.on_approve) if decision.approved else ("rejected", step.on_reject)
            self.change(decider={"id": decision.by, "email": decision.email, "roles": list(decision.roles)})
            self._leave(status, target, by=decision.by, **said)

    def time_out_if_overdue(self) -> None:
        step = awaited(self._definition, self.instance)
        if step is not None and self.instance.deadline is not None and self._now >= self.instance.deadline:
            self._leave("timed_out", step.on_timeout)

    def _wait(self, step: ApprovalStep) -> None:
        deadline = self._now + step.time_limit if step.time_limit else None
        self.change(deadline=deadline, due_at=deadline)
        role = step.assignee.role if step.assignee else None
        self.emit(ApprovalRequested, step=step.id, role=role, deadline=clock.iso(deadline) if deadline else None)

    def _take_step(self) -> bool:
        """Execute the current step as far as possible; False when it must wait."""
        step = self._definition.step(self.instance.step or "")
        if isinstance(step, ConditionStep):
            self._choose(step)
            return True
        return isinstance(step, ActionStep) and self._act(step)

    def _choose(self, step: ConditionStep) -> None:
        try:
            holds = _compiled(step.expression).test({"context": self.instance.context, "now": self._now})
        except EvaluationError as problem:
            self.fail(f"the condition could not be evaluated: {problem}")
            return
        if holds:
            self._leave("on_true", step.on_true)
        else:
            self._leave("on_false", step.on_false)

    def _act(self, step: ActionStep) -> bool:
        """Begin the next action of the step, or leave it when all are done."""
        if self.instance.action_index >= len(step.actions):
            self._leave("completed", step.then)
            return True
        action = step.actions[self.instance.action_index]
        if isinstance(action, WebhookAction):
            self._request(action)
            return True
        if not isinstance(action, SetFieldAction):
            self.fail(f"{action.type} can't be done")
            return True
        return self._set_field(action)

    def _request(self, action: WebhookAction) -> None:
        self.emit(
            WebhookRequested,
            url=action.url,
            method=action.method,
            body=dict(self.instance.context),
            effect_key=self._effect_key(),
        )
        self.change(action_index=self.instance.action_index + 1)

    def _set_field(self, action: SetFieldAction) -> bool:
        record_id = record_named(action.record_id, self.instance.context)
        if record_id is None:
            self.fail(f"{action.record_id} names no record")
            return True
        self._call = SetFieldCall(action.entity, record_id, action.field, action.value, self._effect_key())
        self.change(due_at=self._now)
        return False

    def _leave(self, status: str, target: Target, **more: Any) -> None:
        self._note(status, **more)
        self.emit(StepCompleted, step=self.instance.step, status=status, **more)
        self.enter(destination(target))

    def _note(self, status: str, **more: Any) -> None:
        entry = {"step": self.instance.step, "status": status, **more, "at": clock.iso(self._now)}
        self.change(history=(*self.instance.history, entry))

    def _effect_key(self) -> str:
        return f"{self.instance.id}/{self.instance.step_number}/{self.instance.action_index}"


def record_named(text: str, context: Mapping[str, Any]) -> str | None:
    """The record id of an action: the value of a path `context.x`, else the text itself."""
    if not text.startswith("context."):
        return text
    value = resolve(text, {"context": context})
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    return str(value)


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Expression:
    return compile_expression(text)
