"""What each type of step does when its frame is run. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from libs.shared import clock
from libs.shared.expressions import EvaluationError
from libs.shared.expressions.values import moments
from libs.shared.schema.workflows import (
    ActionStep,
    ApprovalStep,
    ConditionStep,
    Goto,
    LoopStep,
    ParallelStep,
    SetStep,
    SubWorkflowStep,
    WaitStep,
    parse_timeout,
)
from services.workflow.machine import approving
from services.workflow.machine import entries as kinds
from services.workflow.machine.actions import SIGNALLED, prepared
from services.workflow.machine.environment import StepFailed, as_json, at_path, evaluated, holds
from services.workflow.machine.state import Frame, Json
from services.workflow.machine.walking import Run, Walk, round_of

MAX_ITEMS = 1_000
"""Items of a loop."""


def run(walk: Walk, frame: Frame, step: Any) -> None:
    """Run a step: read the record if it needs that, then as its type says."""
    if step.id in walk.plan.reading and "record" not in frame.data and walk.state.trigger.get("record_id") is not None:
        key = f"{walk.instance_id}/{frame.visit}/record/{frame.action}/{frame.tries}"
        walk.note(kinds.ASKED, frame.path, step.id, key=key, command={"type": "read_record"}, **{"for": "record"})
        return
    RUNS[type(step)](walk, frame, step)


def _act(walk: Walk, frame: Frame, step: ActionStep) -> None:
    """Begin the next action, or leave the step when all are done."""
    if frame.action >= len(step.actions):
        walk.leave(frame, "completed", step.then, frame.last if step.actions else None)
        return
    action = step.actions[frame.action]
    command = prepared(action, walk.environment(frame))
    key = walk.effect_key(frame)
    if command["type"] in SIGNALLED and not command.get("wait"):
        walk.note(kinds.REQUESTED, frame.path, step.id, key=key, command=command)
        walk.wake(frame)
    else:
        walk.note(kinds.ASKED, frame.path, step.id, key=key, command=command, **{"for": "action"})


def _choose(walk: Walk, frame: Frame, step: ConditionStep) -> None:
    environment = walk.environment(frame)
    if step.expression is not None:
        result = holds(step.expression, environment, "the condition")
        status, target = ("on_true", step.on_true) if result else ("on_false", step.on_false)
        walk.leave(frame, status, target, {"result": result})
        return
    for number, choice in enumerate(step.branches or ()):
        if holds(choice.when, environment, f"the condition {number + 1}"):
            walk.leave(frame, "on_true", Goto(goto=choice.goto), {"result": choice.goto})
            return
    walk.leave(frame, "on_false", step.otherwise, {"result": None})


def _set(walk: Walk, frame: Frame, step: SetStep) -> None:
    environment = walk.environment(frame)
    values = {name: as_json(evaluated(text, environment, name)) for name, text in step.values.items()}
    walk.leave(frame, "completed", step.then, values, sets=values)


def _wait(walk: Walk, frame: Frame, step: WaitStep) -> None:
    key = walk.effect_key(frame)
    if step.event is not None:
        until = {"until": clock.iso(walk.now + parse_timeout(step.timeout))} if step.timeout else {}
        command = {"type": "await_event", "event": step.event.name, "sent": True}
        walk.note(kinds.ASKED, frame.path, step.id, key=key, command=command, **{"for": "event"}, **until)
        return
    at = walk.now + parse_timeout(step.length) if step.length else _moment(step, walk.environment(frame))
    walk.note(kinds.SLEPT, frame.path, step.id, key=f"{key}/wait", at=clock.iso(at))


def _moment(step: WaitStep, environment: Mapping[str, Any]) -> datetime:
    """The time that a step waits until: of a date, its first moment in UTC."""
    try:
        return moments.instant(moments.moment(at_path(str(step.until), environment), f"{step.until} must be"))
    except EvaluationError as problem:
        raise StepFailed(str(problem)) from None


def _split(walk: Walk, frame: Frame, step: ParallelStep) -> None:
    prefix = f"{frame.path}/{step.id}" if frame.path else step.id
    walk.open(frame, [{"path": f"{prefix}/{name}", "list_of": f"{step.id}/{name}"} for name in step.branches])


def _loop(walk: Walk, frame: Frame, step: LoopStep) -> None:
    items = at_path(step.over, walk.environment(frame))
    if items is None:
        items = []
    if not isinstance(items, list):
        raise StepFailed(f"{step.over} is no list")
    if len(items) > MAX_ITEMS:
        raise StepFailed(f"{step.over} has {len(items)} items, more than {MAX_ITEMS}")
    if not items:
        walk.leave(frame, "completed", step.then, {"items": []})
        return
    begun = range(len(items) if step.parallel else 1)
    walk.open(frame, [round_of(frame, step, index, items[index]) for index in begun], items=items)


def _start(walk: Walk, frame: Frame, step: SubWorkflowStep) -> None:
    environment = walk.environment(frame)
    context = {name: at_path(path, environment) for name, path in step.context.items()}
    command: Json = {"type": "start_child", "workflow": step.workflow, "context": context, "wait": step.wait}
    key = walk.effect_key(frame)
    walk.note(kinds.ASKED, frame.path, step.id, key=key, command=command, **{"for": "action"})


RUNS: Mapping[type, Run] = {
    ActionStep: _act,
    ApprovalStep: approving.begin,
    ConditionStep: _choose,
    LoopStep: _loop,
    ParallelStep: _split,
    SetStep: _set,
    SubWorkflowStep: _start,
    WaitStep: _wait,
}
"""Type of step → what runs it."""
