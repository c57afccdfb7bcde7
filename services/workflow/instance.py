"""A running workflow as a value: its step, its context, its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.shared.schema.workflows import WorkflowDefinition


@dataclass(frozen=True, slots=True)
class Instance:
    """Where an instance stands. `step` is the current step's id; None once it has ended well.

    `step_number` counts the steps entered, `action_index` the actions done in the current one: together
    with the id they are the key of an effect. `due_at` is when there is something to do; None: nothing until a
    decision.
    """

    id: str
    workflow_id: str
    workflow_name: str
    context: Mapping[str, Any]
    status: str = "running"
    step: str | None = None
    step_number: int = 0
    action_index: int = 0
    attempts: int = 0
    deadline: datetime | None = None
    due_at: datetime | None = None
    history: tuple[Mapping[str, Any], ...] = ()
    decider: Mapping[str, Any] | None = None
    """The last user who decided: id, email, roles. The instance continues on their behalf."""


@dataclass(frozen=True, slots=True)
class InstanceOrigin:
    """What started an instance: the record, the commit, who made it, in which trace, how deep in causes."""

    entity: str
    record_id: str
    commit_key: str
    actor: Mapping[str, Any]
    trace_id: str
    cause_depth: int


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """An instance as it was read, with the definition it is pinned to and the row's version."""

    instance: Instance
    definition: WorkflowDefinition
    origin: InstanceOrigin
    version: int

    @property
    def person(self) -> Mapping[str, Any]:
        """The user on whose behalf the instance continues."""
        return person_of(self.instance, self.origin)


def person_of(instance: Instance, origin: InstanceOrigin) -> Mapping[str, Any]:
    """The user on whose behalf an instance continues: who decided last, else who started it."""
    return instance.decider or origin.actor
