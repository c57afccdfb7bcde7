"""An app with leaves that a manager approves."""

from __future__ import annotations

from typing import Any

from tests.support.client import entity, integer, text

LEAVE = entity("leave", text("status", default="draft"), integer("days"))


def approval(timeout: str | None = None) -> dict[str, Any]:
    """Short leaves are approved at once, long ones by a manager."""

    def set_status(step: str, status: str) -> dict[str, Any]:
        action = {"type": "set_field", "entity": "leave", "record_id": "context.id", "field": "status", "value": status}
        return {"id": step, "type": "action", "actions": [action], "then": {"goto": "end"}}

    review: dict[str, Any] = {
        "id": "review", "type": "approval", "assignee": {"type": "role", "role": "manager"},
        "on_approve": {"goto": "yes"}, "on_reject": {"goto": "no"}, "on_timeout": {"goto": "no"},
    }  # fmt: skip
    check = {
        "id": "check", "type": "condition", "expression": "context.days > 5",
        "on_true": {"goto": "review"}, "on_false": {"goto": "yes"},
    }  # fmt: skip
    return {
        "name": "leave_approval",
        "trigger": {"type": "state_change", "entity": "leave", "field": "status", "to": "pending"},
        "context": {"id": "record.id", "days": "record.days"},
        "steps": [
            check,
            {**review, **({"timeout": timeout} if timeout else {})},
            set_status("yes", "approved"),
            set_status("no", "rejected"),
        ],
    }
