"""Decides which workflows a commit or a business event starts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import structlog

from libs.shared import clock
from libs.shared.contracts.business_events import BusinessEventRecorded
from libs.shared.contracts.streams import CommitEvent
from libs.shared.expressions import EvaluationError
from libs.shared.schema.workflows import EventTrigger, RecordTrigger, StateChange, Trigger, WorkflowDefinition
from libs.shared.snapshots.subscriptions import (
    IMPORT,
    SubscribedDefinition,
    SubscriptionIndex,
    SubscriptionKind,
    public_action,
)

log = structlog.get_logger()

MAX_DEPTH = 16
"""Length of a chain in which every effect causes the next."""
UNDO = "undo"
"""The cause of commits that take others back. They change states without having moved them."""

Workflow: TypeAlias = SubscribedDefinition[WorkflowDefinition]
WorkflowIndex: TypeAlias = SubscriptionIndex[WorkflowDefinition]


def _entity(definition: WorkflowDefinition) -> str:
    trigger = definition.trigger
    return trigger.entity if isinstance(trigger, StateChange | RecordTrigger) else ""


def _actions(definition: WorkflowDefinition) -> Sequence[str]:
    trigger = definition.trigger
    if not definition.active:
        return ()
    if isinstance(trigger, StateChange):
        return ("create", "update", "delete")
    return (trigger.action,) if isinstance(trigger, RecordTrigger) else ()


def _condition(definition: WorkflowDefinition) -> str:
    trigger = definition.trigger
    return trigger.condition or "" if isinstance(trigger, RecordTrigger | EventTrigger) else ""


WORKFLOWS = SubscriptionKind(
    name="workflows",
    read=WorkflowDefinition.stored,
    entity=_entity,
    actions=_actions,
    condition=_condition,
    ignored_causes=frozenset({IMPORT}),
    watched=lambda snapshot: snapshot.cancelling,
)


class CauseTooDeep(Exception):
    """A chain of effects has become longer than MAX_DEPTH: most likely workflows that trigger each other."""


def started_by(index: WorkflowIndex, event: CommitEvent) -> list[Workflow]:
    """The workflows that a commit starts."""
    return [each for each in index.candidates(event) if fires(each, event)]


def past_started_by(index: WorkflowIndex, event: CommitEvent) -> list[Workflow]:
    """The deleted workflows that a commit started, if it was handled before they were deleted."""
    return [each for each in index.deleted_candidates(event) if fires(each, event)]


def started_by_event(index: WorkflowIndex, told: BusinessEventRecorded) -> list[Workflow]:
    """The active workflows that a business event starts, by the definitions of today."""
    found = []
    for each in index.by_id.values():
        trigger = each.definition.trigger
        named = isinstance(trigger, EventTrigger) and trigger.event == told.action
        if named and each.definition.active and _holds(each, {"event": event_of(told), "now": clock.now()}):
            found.append(each)
    return found


def check_depth(starting: Sequence[Workflow], event: CommitEvent) -> None:
    """Raises CauseTooDeep when a workflow would start beyond MAX_DEPTH."""
    _check(starting, event.cause_depth)


def check_event_depth(starting: Sequence[Workflow], told: BusinessEventRecorded) -> None:
    """The same for a business event."""
    _check(starting, told.cause_depth)


def _check(starting: Sequence[Workflow], depth: int) -> None:
    if starting and depth >= MAX_DEPTH:
        names = ", ".join(workflow.definition.name for workflow in starting)
        raise CauseTooDeep(f"{names}: not started, as {depth} effects caused each other before")


def fires(workflow: Workflow, event: CommitEvent) -> bool:
    """Whether a commit is what the workflow's trigger waits for."""
    trigger = workflow.definition.trigger
    if not workflow.definition.active:
        return False
    if isinstance(trigger, StateChange):
        return event.cause != UNDO and moves(trigger, event)
    if not isinstance(trigger, RecordTrigger) or public_action(event.action) != trigger.action:
        return False
    if trigger.fields is not None and event.changed.keys().isdisjoint(trigger.fields):
        return False
    actor = event.actor
    seen = {
        **{key: value for key, value in trigger_of(trigger, event).items() if key in ("record", "old")},
        "initiator": {"id": actor.get("id"), "email": actor.get("email"), "roles": list(actor.get("roles") or ())},
        "now": datetime.fromisoformat(event.at),
    }
    return _holds(workflow, seen)


def moves(trigger: StateChange, event: CommitEvent) -> bool:
    """Whether a commit has brought the record into the trigger's state, from one of its origins if it names some."""
    if event.after is None or event.after.get(trigger.field) != trigger.to:
        return False
    if event.action == "create":
        return not trigger.origins
    change = event.changed.get(trigger.field)
    if change is None or change.get("old") == change.get("new"):
        return False
    return not trigger.origins or change.get("old") in trigger.origins


def trigger_of(trigger: Trigger, event: CommitEvent) -> dict[str, Any]:
    """What expressions see of a commit as `trigger`. The record of a deletion is the deleted one."""
    is_deletion = isinstance(trigger, RecordTrigger) and trigger.action == "delete"
    record = (event.before if is_deletion else event.after) or {}
    old = {"old": event.before} if event.before is not None and not is_deletion else {}
    return {"record_id": event.record_id, "record": record, **old}


def event_of(told: BusinessEventRecorded) -> dict[str, Any]:
    """What expressions see of a business event as `event`."""
    return {
        "action": told.action,
        "entity": told.entity,
        "record_id": told.record_id,
        "metadata": dict(told.metadata),
        "user_id": told.user_id,
    }


def _holds(workflow: Workflow, seen: Mapping[str, Any]) -> bool:
    """Whether the trigger's condition holds. One that can't be evaluated does not."""
    if workflow.condition is None:
        return True
    try:
        return workflow.condition.test(seen)
    except EvaluationError as problem:
        log.warning("workflow.condition_failed", workflow=workflow.definition.name, reason=problem.message)
        return False
