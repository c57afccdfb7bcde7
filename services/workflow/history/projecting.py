"""Derives the rows of an instance from its state: tasks, approvals, awaited events. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from libs.shared import clock
from services.workflow.machine.approving import barred_by
from services.workflow.machine.plan import StepPlan
from services.workflow.machine.seats import involved
from services.workflow.machine.state import InstanceState

COMMAND, TIMER, INPUT = "command", "timer", "input"


class TaskKey(NamedTuple):
    """The key of a task among those of its instance."""

    kind: str
    key: str


class ApprovalRow(NamedTuple):
    """An approval that an instance waits for, with the roles and users that may decide it."""

    scope: str
    step: str
    visit: int
    roles: list[str]
    users: list[str]
    anyone: bool
    admins: bool
    barred: list[str]
    deadline: datetime | None


def tasks_of(state: InstanceState, now: datetime) -> Mapping[TaskKey, datetime]:
    """When each task of an instance is due: commands now, timers at their times. An ended instance has no tasks."""
    if state.status != "running":
        return {}
    found = {TaskKey(COMMAND, key): now for key, command in state.pending.items() if not command.get("sent")}
    return found | {TaskKey(TIMER, key): clock.parse(timer["at"]) for key, timer in state.timers.items()}


def awaited_events(state: InstanceState) -> Mapping[str, str]:
    """The events that an instance waits for, by the key of the command. A failed instance still receives them."""
    waits = state.status in ("running", "failed")
    return {key: each["event"] for key, each in state.pending.items() if waits and each["type"] == "await_event"}


def approvals_of(plan: StepPlan, state: InstanceState) -> list[ApprovalRow]:
    """The approvals that an instance waits for."""
    rows = []
    for frame in state.waiting:
        seats = frame.data["seats"]
        still = [seat for seat in seats if seat["decision"] is None]
        named = [seat for seat in still if seat["both"]]
        free = [seat.get("also") or seat for seat in still if seat.get("also") or not seat["both"]]
        deadline = frame.data["deadline"]
        rows.append(
            ApprovalRow(
                scope=frame.path,
                step=str(frame.step),
                visit=frame.visit,
                roles=sorted({role for seat in free for role in seat["roles"]}),
                users=sorted({user["id"] for seat in [*free, *named] for user in seat["users"]}),
                anyone=any(seat["anyone"] for seat in still),
                admins=any(seat["admins"] for seat in still),
                barred=sorted(involved(seats) | barred_by(state, plan.steps[str(frame.step)])),
                deadline=clock.parse(deadline) if deadline else None,
            )
        )
    return rows


def abandoned_children(before: InstanceState, after: InstanceState, answered: str | None) -> list[str]:
    """The keys of the sub-workflows that the instance no longer waits for: they are to be cancelled."""
    return [
        key
        for key, each in before.pending.items()
        if each["type"] == "start_child" and each["wait"] and key not in after.pending and key != answered
    ]


def ending_of(state: InstanceState, instance_id: str) -> dict[str, Any] | None:
    """The output of a sub-workflow for its parent; None while it runs."""
    if state.status == "running":
        return None
    return {"instance_id": instance_id, "status": state.status, "context": state.context}
