"""An instance as it is stored: what it is, what started it, and its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from libs.shared.contracts.context import NO_SPAN
from libs.shared.telemetry.tracing import derived_span_id
from services.workflow.machine.plan import StepPlan
from services.workflow.machine.state import InstanceState


@dataclass(frozen=True, slots=True)
class InstanceOrigin:
    """What started an instance.

    `commit_key` is unique among the starts of a workflow: that of a commit, of an event, of a moment of a time table.
    `entity` and `record_id` are empty where it is about no record. `actor` is the user, empty for a schedule;
    `cause_depth` the depth of the chain of causes. An instance that is part of another one names that and the key of
    its command.
    """

    entity: str
    record_id: str
    commit_key: str
    actor: Mapping[str, Any]
    trace_id: str
    cause_depth: int
    schema_version: int | None = None
    parent_id: str | None = None
    parent_key: str | None = None


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """An instance with its pinned definition, as it was read. `document` is the definition as text."""

    id: str
    workflow_id: str
    workflow_name: str
    plan: StepPlan
    document: str
    origin: InstanceOrigin
    state: InstanceState
    created_at: datetime
    is_renamed: bool = False
    """Whether names in its definition have followed renames."""

    def advanced(self, state: InstanceState) -> StoredInstance:
        """The same instance in another state."""
        return replace(self, state=state)

    @property
    def person(self) -> Mapping[str, Any]:
        """The user on whose behalf the instance goes on: the last to decide, else the one who started it."""
        return self.state.person or self.origin.actor

    @property
    def trace(self) -> tuple[str, str]:
        """The trace and span that it goes on in: of the last decision, else of its start."""
        decider = self.state.decider or {}
        if decider.get("trace_id"):
            return decider["trace_id"], decider.get("span_id") or NO_SPAN
        origin = self.origin
        return origin.trace_id, trigger_span_id(origin.trace_id, self.workflow_id, origin.commit_key)


def trigger_span_id(trace_id: str, workflow_id: str, key: str) -> str:
    """The id of the span in which an instance was started: what it does hangs under it, however late.

    All instances that a time table starts at one time have the same.
    """
    if key.startswith("schedule/"):
        key = "/".join(key.split("/")[:2])
    return derived_span_id("workflow.trigger", trace_id, workflow_id, key)


@dataclass(frozen=True, slots=True)
class Task:
    """Something that is to be done for an instance at a time: `kind` is command, timer or input."""

    instance_id: str
    kind: str
    key: str
    attempts: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)
