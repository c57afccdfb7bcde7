"""Starts instances, whatever triggers them: once for each key of a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.ids import uuid7
from services.workflow import engine, recording, store
from services.workflow.instance import Instance, InstanceOrigin
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


def environment_of(start: Start) -> dict[str, Any]:
    """What the paths of a workflow's context see."""
    actor = start.actor
    initiator = {"id": actor.get("id"), "email": actor.get("email"), "roles": list(actor.get("roles") or ())}
    return {
        "trigger": start.trigger,
        "record": start.trigger.get("record"),
        "record_id": start.record_id or None,
        "initiator": initiator if actor.get("id") else None,
        "now": start.at,
    }


def context_of(start: Start) -> dict[str, Any]:
    """The context of the instance: the values at the definition's paths, and the inputs."""
    environment = environment_of(start)
    paths = start.workflow.definition.context
    return {**start.inputs, **{key: resolve(path, environment) for key, path in paths.items()}}


async def start(transaction: Transaction, asked: Start, now: datetime) -> str | None:
    """Store a new instance, advanced until it must wait; returns its id, None if the key has started one before."""
    definition = asked.workflow.definition
    fresh = Instance(
        id=str(uuid7()),
        workflow_id=asked.workflow.id,
        workflow_name=definition.name,
        context=context_of(asked),
    )
    origin = InstanceOrigin(
        entity=asked.entity,
        record_id=asked.record_id,
        commit_key=asked.key,
        actor=asked.actor,
        trace_id=asked.trace_id,
        cause_depth=asked.cause_depth,
    )
    instance, signals, _ = engine.start(definition, fresh, now)
    if not await store.insert(transaction.connection, asked.workflow, instance, origin, now):
        return None
    if asked.schema_version is not None:
        await store.follow_renames(transaction.connection, instance, asked.workflow, asked.schema_version)
    recording.emit(transaction, instance, origin, signals)
    return instance.id
