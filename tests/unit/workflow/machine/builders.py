"""Steps of definitions to test with."""

from __future__ import annotations

from typing import Any


def act(step_id: str, *values: Any, **more: Any) -> dict[str, Any]:
    """A step that sets a field to each of these values."""
    actions = [
        {"type": "set_field", "entity": "invoice", "record_id": "trigger.record_id", "field": f"f{v}", "value": v}
        for v in values
    ]
    return {"id": step_id, "type": "action", "actions": actions, **more}


def fork(step_id: str, join: Any = "all", /, **branches: list[Any]) -> dict[str, Any]:
    """A parallel step."""
    return {
        "id": step_id, "type": "parallel", "join": join,
        "branches": {name: {"steps": steps} for name, steps in branches.items()},
    }  # fmt: skip


def loop(step_id: str, *steps: Any, over: str = "context.items", **more: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "loop", "over": over, "steps": list(steps), **more}


def rest(step_id: str, length: str = "1h", **more: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "wait", "for": length, **more}
