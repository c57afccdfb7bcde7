"""A running workflow as a value: its step, its context, its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.shared.schema.workflows import WorkflowDefinition


@dataclass(frozen=True, slots=True)
class Instance:
    """The state of an instance. `step` is the current step's id; None once it has completed.

    `step_number` counts the steps entered, `action_index` the actions done in the current one: together
    with the id they are the key of an effect. `due_at` is the next time to continue it; None: it waits for a
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
    """What started an instance: the record, the commit, its user and trace, and the depth of the chain of causes."""

    entity: str
    record_id: str
    commit_key: str
    actor: Mapping[str, Any]
    trace_id: str
    cause_depth: int


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """An instance as read from the database, with its pinned definition and the row's version."""

    instance: Instance
    definition: WorkflowDefinition
    origin: InstanceOrigin
    version: int

    @property
    def person(self) -> Mapping[str, Any]:
        """The user on whose behalf the instance continues."""
        return person_of(self.instance, self.origin)


def person_of(instance: Instance, origin: InstanceOrigin) -> Mapping[str, Any]:
    """The user on whose behalf an instance continues: the last to decide, else the one who started it."""
    return instance.decider or origin.actor
