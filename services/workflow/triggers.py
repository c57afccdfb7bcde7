"""Decides which workflows a commit starts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema.workflows import StateChange, Trigger, WorkflowDefinition
from libs.shared.snapshots.subscriptions import IMPORT, SubscribedDefinition, SubscriptionIndex, SubscriptionKind

MAX_DEPTH = 16
"""Length of a chain in which every effect causes the next."""

Workflow: TypeAlias = SubscribedDefinition[WorkflowDefinition]
WorkflowIndex: TypeAlias = SubscriptionIndex[WorkflowDefinition]

WORKFLOWS = SubscriptionKind(
    name="workflows",
    read=WorkflowDefinition.stored,
    entity=lambda definition: definition.trigger.entity or "",
    actions=lambda definition: ("create", "update", "delete") if definition.active else (),
    ignored_causes=frozenset({"undo", IMPORT}),
)


class CauseTooDeep(Exception):
    """A chain of effects has become longer than MAX_DEPTH: most likely workflows that trigger each other."""


def started_by(index: WorkflowIndex, event: CommitEvent) -> list[Workflow]:
    """The workflows that a commit starts."""
    return [each for each in index.candidates(event) if fires(each.definition.trigger, event)]


def past_started_by(index: WorkflowIndex, event: CommitEvent) -> list[Workflow]:
    """The deleted workflows that a commit started, if it was handled before they were deleted."""
    return [each for each in index.deleted_candidates(event) if fires(each.definition.trigger, event)]


def check_depth(starting: Sequence[Workflow], event: CommitEvent) -> None:
    """Raises CauseTooDeep when a workflow would start beyond MAX_DEPTH."""
    if starting and event.cause_depth >= MAX_DEPTH:
        names = ", ".join(workflow.definition.name for workflow in starting)
        raise CauseTooDeep(f"{names}: not started, as {event.cause_depth} effects caused each other before")


def fires(trigger: Trigger, event: CommitEvent) -> bool:
    """Whether this commit has brought the record into the trigger's state."""
    if not isinstance(trigger, StateChange) or event.after is None or event.after.get(trigger.field) != trigger.to:
        return False
    if event.action == "create":
        return not trigger.origins
    change = event.changed.get(trigger.field)
    if change is None or change.get("old") == change.get("new"):
        return False
    return not trigger.origins or change.get("old") in trigger.origins
