"""Starts instances, whatever triggers them: once for each key of a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from libs.shared import exact
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.ids import uuid7
from services.workflow import recording
from services.workflow.history import renames, store
from services.workflow.history.instances import InstanceOrigin, StoredInstance
from services.workflow.machine.inputs import Begin
from services.workflow.machine.state import InstanceState
from services.workflow.paths import resolve
from services.workflow.triggers import Workflow


@dataclass(frozen=True, slots=True)
class Start:
    """What starts an instance of a workflow, at a time. `key` is unique among the starts of the workflow, for ever.

    `trigger` is what expressions see of it. `actor` is who started it, empty for a schedule; `inputs` are the values
    that a manual start or a parent passes in. `schema_version` is that of the commit, None for what is of today.
    """

    workflow: Workflow
    key: str
    at: str
    trigger: Mapping[str, Any]
    entity: str
    record_id: str
    actor: Mapping[str, Any]
    trace_id: str
    cause_depth: int
    inputs: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int | None = None
    parent_id: str | None = None
    parent_key: str | None = None

    @property
    def initiator(self) -> dict[str, Any]:
        """Who started it, as expressions see them; empty if it was nobody."""
        actor = self.actor
        if not actor.get("id"):
            return {}
        return {"id": actor.get("id"), "email": actor.get("email"), "roles": list(actor.get("roles") or ())}


def environment_of(start: Start) -> dict[str, Any]:
    """What the paths of a workflow's context see."""
    return {
        "trigger": start.trigger,
        "record": start.trigger.get("record"),
        "record_id": start.record_id or None,
        "initiator": start.initiator or None,
        "now": start.at,
    }


def context_of(start: Start) -> dict[str, Any]:
    """The context of the instance: the values at the definition's paths, and the inputs."""
    environment = environment_of(start)
    paths = start.workflow.definition.context
    return {**start.inputs, **{key: resolve(path, environment) for key, path in paths.items()}}


async def start(transaction: Transaction, asked: Start, now: datetime) -> str | None:
    """Store a new instance, advanced until it must wait; returns its id, None if the key has started one before."""
    document = exact.dumps(asked.workflow.document).decode()
    new = StoredInstance(
        id=str(uuid7()),
        workflow_id=asked.workflow.id,
        workflow_name=asked.workflow.definition.name,
        plan=store.plan_from(document),
        document=document,
        origin=InstanceOrigin(
            entity=asked.entity,
            record_id=asked.record_id,
            commit_key=asked.key,
            actor=asked.actor,
            trace_id=asked.trace_id,
            cause_depth=asked.cause_depth,
            schema_version=asked.schema_version,
            parent_id=asked.parent_id,
            parent_key=asked.parent_key,
        ),
        state=InstanceState(),
        created_at=now,
    )
    begun = Begin(asked.trigger, context_of(asked), asked.initiator)
    if await recording.begin(transaction, new, begun, now) is None:
        return None
    if asked.schema_version is not None:
        await renames.follow(
            transaction.connection, new.id, asked.workflow.document, asked.entity, asked.schema_version
        )
    return new.id
