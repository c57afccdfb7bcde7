"""Definitions, instances and commits to test with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema.workflows import WorkflowDefinition
from services.workflow.history.instances import InstanceOrigin, StoredInstance
from services.workflow.machine.plan import plan_of
from services.workflow.machine.state import InstanceState

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RECORD = "8f9a1f5e-0000-4000-8000-000000000001"


def set_field(field: str, value: Any) -> dict[str, Any]:
    return {
        "type": "set_field",
        "entity": "invoice",
        "record_id": "context.id",
        "field": field,
        "value": value,
    }


def approval(step_id: str = "ask", **more: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "approval", **more}


def action(step_id: str, *actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "action", "actions": list(actions), **more}


def document(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    trigger = {"type": "state_change", "entity": "invoice", "field": "status", "to": "sent"}
    return {"name": "check", "trigger": trigger, "context": {"id": "record.id"}, "steps": list(steps), **more}


def workflow(*steps: dict[str, Any], **more: Any) -> WorkflowDefinition:
    return WorkflowDefinition.model_validate(document(*steps, **more))


def stored(definition: WorkflowDefinition, **origin: Any) -> StoredInstance:
    """An instance that has not begun."""
    started: dict[str, Any] = {
        "entity": "invoice", "record_id": RECORD, "commit_key": "1.1", "actor": {}, "trace_id": "t", "cause_depth": 0,
    }  # fmt: skip
    return StoredInstance(
        "i", "w", "check", plan_of(definition), "", InstanceOrigin(**{**started, **origin}), InstanceState(), NOW
    )


def commit(action: str = "update", **values: Any) -> CommitEvent:
    after = {"id": RECORD, "status": "sent"}
    defaults: dict[str, Any] = {
        "position": 1,
        "n": 1,
        "commit_id": "c",
        "app_id": "a",
        "entity": "invoice",
        "record_id": RECORD,
        "version": 2,
        "action": action,
        "before": None if action == "create" else {**after, "status": "draft"},
        "after": after,
        "changed": {"status": {"old": None if action == "create" else "draft", "new": "sent"}},
        "actor": {"id": "u", "email": "u@x", "roles": ["clerk"]},
        "origin": {},
        "trace_id": "t",
        "cause": "request",
        "cause_depth": 0,
        "schema_version": 1,
        "at": NOW.isoformat(),
    }
    return CommitEvent(**{**defaults, **values})
