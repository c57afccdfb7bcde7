"""What an instance does about what it is told: the table of inputs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.shared import clock
from libs.shared.errors import RocketError
from libs.shared.schema.workflows import WaitStep
from services.workflow.machine import approving, steps
from services.workflow.machine import entries as kinds
from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.environment import StepFailed, holds
from services.workflow.machine.folding import PAUSE
from services.workflow.machine.inputs import (
    Answer,
    Begin,
    Break,
    Cancel,
    Decide,
    Fire,
    FollowRenames,
    Input,
    Look,
    Migrate,
    Reassign,
    RecordChanged,
    Refusal,
    RetryFailed,
    Return,
    TakenOver,
)
from services.workflow.machine.plan import StepPlan, plan_of
from services.workflow.machine.state import DECIDING, READY, ROOT, Frame, InstanceState
from services.workflow.machine.walking import Walk


@dataclass(frozen=True, slots=True)
class Advanced:
    """What an input has led to: what has happened, and the state after it. Without entries nothing has changed."""

    entries: Sequence[HistoryEntry]
    state: InstanceState


def decide(plan: StepPlan, state: InstanceState, given: Input, now: datetime, instance_id: str) -> Advanced:
    """What an instance does now. Raises FORBIDDEN, INVALID_STATE and VALIDATION_FAILED for what people may not do.

    Timers, answers and commits that an instance does not wait for (any more) change nothing.
    """
    walk = Walk(plan, state, instance_id, now)
    DECISIONS[type(given)](walk, given)
    walk.go(steps.run)
    return Advanced(walk.entries, walk.state)


def _begin(walk: Walk, given: Begin) -> None:
    walk.note(kinds.STARTED, trigger=dict(given.trigger), context=dict(given.context), initiator=dict(given.initiator))
    walk.enter(walk.state.frames[ROOT], walk.plan.lists[""][0].id)


def _look(walk: Walk, given: Look) -> None:
    if walk.state.status == "running":
        if PAUSE in walk.state.timers:
            walk.note(kinds.RESUMED)
        walk.wake_all()


def _fire(walk: Walk, given: Fire) -> None:
    """A timer that has not been taken away, and whose time has come."""
    timer = walk.state.timers.get(given.key)
    if walk.state.status != "running" or timer is None or walk.now < clock.parse(timer["at"]):
        return
    if given.key == PAUSE:
        _look(walk, Look())
        return
    frame = walk.state.frames[timer["scope"]]
    step = walk.plan.steps[str(frame.step)]
    if isinstance(step, WaitStep):
        timed_out = step.event is not None
        status, target = ("timed_out", step.on_timeout) if timed_out else ("completed", step.then)
        walk.leave(frame, status, target, {"timed_out": timed_out})
    elif frame.phase == DECIDING:
        approving.fire(walk, frame, step, given.key)


def _sent(walk: Walk, given: TakenOver) -> None:
    if given.key in walk.state.pending:
        scope = walk.state.pending[given.key]["scope"]
        walk.note(kinds.SENT, scope, walk.state.frames[scope].step, key=given.key, output=dict(given.output))


def _answer(walk: Walk, given: Answer) -> None:
    """A command has had its effect. A failed instance takes answers in, too, but goes on only when retried."""
    command = walk.state.pending.get(given.key)
    if command is None or walk.state.status not in ("running", "failed"):
        return
    frame = walk.state.frames[command["scope"]]
    step, output = walk.plan.steps[str(frame.step)], dict(given.output)
    match command["type"]:
        case "read_record":
            walk.note(kinds.RECORD_SEEN, frame.path, step.id, key=given.key, record=output.get("record"))
            walk.wake(frame)
        case "resolve_seats":
            try:
                approving.resolved(walk, frame, command, output, given.key)
            except StepFailed as problem:
                walk.fail(frame, str(problem))
        case "await_event":
            _hear(walk, frame, step, output)
        case "start_child":
            if command["wait"] and output.get("status") != "completed":
                reason = f"the workflow {command['workflow']} has ended as {output.get('status')}"
                walk.fail(frame, reason)
            else:
                walk.leave(frame, "completed", step.then, output)
        case _:
            walk.note(kinds.ANSWERED, frame.path, step.id, key=given.key, output=output)
            walk.wake(frame)


def _hear(walk: Walk, frame: Frame, step: WaitStep, event: Mapping[str, Any]) -> None:
    """An event of the name that is waited for: it ends the wait if the condition holds."""
    condition = step.event.condition if step.event else None
    try:
        if condition is not None and not holds(condition, {**walk.environment(frame), "event": event}, "the condition"):
            return
    except StepFailed as problem:
        walk.note(kinds.WARNED, frame.path, step.id, message=str(problem))
        return
    walk.leave(frame, "completed", step.then, {"event": event, "timed_out": False})


def _refuse(walk: Walk, given: Refusal) -> None:
    command = walk.state.pending.get(given.key)
    if command is not None and walk.state.status == "running":
        walk.fail(walk.state.frames[command["scope"]], given.reason)


def _cancel(walk: Walk, given: Cancel) -> None:
    """The instance ends here. Raises INVALID_STATE if it has ended."""
    if walk.state.status not in ("running", "failed"):
        raise RocketError("INVALID_STATE", f"The workflow has ended: it is {walk.state.status}")
    at = next(iter(walk.state.current_steps), None)
    by = {"by": given.by.id, "decider": given.by.to_dict()} if given.by else {}
    walk.note(kinds.ENDED, ROOT, at, status="cancelled", reason=given.reason or None, **by)


def _changed(walk: Walk, given: RecordChanged) -> None:
    text = walk.plan.definition.cancel_when
    if text is None or walk.state.status != "running":
        return
    environment = {**walk.environment(walk.state.frames[ROOT]), "record": given.record, "old": given.old}
    try:
        if holds(text, environment, "cancel_when"):
            _cancel(walk, Cancel("the record has changed so that cancel_when is true"))
    except StepFailed as problem:
        walk.note(kinds.WARNED, message=str(problem))


def _follow(walk: Walk, given: FollowRenames) -> None:
    fresh = [dict(each) for each in given.renames if each["id"] > walk.state.renames]
    if fresh:
        walk.note(kinds.RENAMED, renames=fresh)


def _break(walk: Walk, given: Break) -> None:
    """Fail where the instance stands, so that somebody can look at it and retry."""
    frames = [frame for frame in walk.state.frames.values() if frame.step is not None]
    if walk.state.status == "running" and frames:
        walk.fail(frames[-1], given.reason, fatal=True)


def _retry(walk: Walk, given: RetryFailed) -> None:
    """Go on at the failed step. Raises INVALID_STATE."""
    if walk.state.status != "failed" or walk.state.failed is None:
        raise RocketError("INVALID_STATE", "Only a failed workflow can be retried")
    failed = walk.state.failed
    walk.note(kinds.RETRIED, failed["scope"], failed["step"], by=given.by.id)
    walk.wake_all()


def _migrate(walk: Walk, given: Migrate) -> None:
    """Go on by another definition. Raises INVALID_STATE where it has no place there."""
    if walk.state.status not in ("running", "failed"):
        raise RocketError("INVALID_STATE", f"The workflow has ended: it is {walk.state.status}")
    plan = plan_of(given.definition)
    mapping = {step: given.mapping.get(step, step) for step in map(str, walk.plan.steps)}
    for frame in walk.state.frames.values():
        check_place(walk, plan, mapping, frame.step, frame.list_of, frame.phase)
    walk.note(kinds.MIGRATED, by=given.by.id, to=given.version, mapping={a: b for a, b in mapping.items() if a != b})
    walk.plan = plan
    walk.wake_all()


def check_place(
    walk: Walk, plan: StepPlan, mapping: Mapping[str, str], step_id: str | None, list_of: str, phase: str
) -> None:
    """Raises INVALID_STATE where a step that an instance is at has no counterpart in another definition."""
    if step_id is None:
        return
    there = plan.steps.get(mapping.get(step_id, step_id))
    if there is None:
        raise RocketError("INVALID_STATE", f"the new definition has no step {step_id}: map it to another one")
    here = walk.plan.steps[step_id]
    if type(there) is not type(here) and phase != READY:
        raise RocketError("INVALID_STATE", f"step {there.id} is of another type than {step_id}")
    owner, _, branch = list_of.partition("/")
    expected = "/".join(filter(None, [mapping.get(owner, owner), branch]))
    if plan.list_of[there.id] != expected:
        raise RocketError("INVALID_STATE", f"step {there.id} is in another list than {step_id}")


DECISIONS: Mapping[type, Callable[[Walk, Any], None]] = {
    Begin: _begin,
    Look: _look,
    Fire: _fire,
    TakenOver: _sent,
    Answer: _answer,
    Refusal: _refuse,
    Decide: approving.decide,
    Reassign: approving.reassign,
    Return: approving.send_back,
    Cancel: _cancel,
    RecordChanged: _changed,
    Break: _break,
    FollowRenames: _follow,
    RetryFailed: _retry,
    Migrate: _migrate,
}
"""Input → what it leads to."""
