"""The approvals that an instance waits for, as the API shows them. Pure."""

from __future__ import annotations

from typing import Any

from services.workflow.history.store import plan_from
from services.workflow.machine.approving import shown_seat

Document = dict[str, Any]


def with_approvals(instance: Document) -> Document:
    """An instance as it was read, with `approvals` in place of the frames that wait."""
    frames, document = instance.pop("frames"), instance.pop("document")
    if not instance["parent_id"]:
        instance.pop("parent_id")
    if not instance["failed"]:
        instance.pop("failed")
    if not frames or document is None:
        return instance
    steps = plan_from(document).steps
    ordered = sorted(frames, key=lambda frame: frame["visit"])
    # A past version of the definition may be gone, and today's may have no such step.
    approvals = [_approval(frame, steps[frame["step"]]) for frame in ordered if frame["step"] in steps]
    return {**instance, "approvals": approvals, "approval": approvals[0]} if approvals else instance


def _approval(frame: Document, step: Any) -> Document:
    data = frame["data"]
    mode = step.mode if isinstance(step.mode, str) else step.mode.model_dump(mode="json")
    scope = {"scope": frame["path"]} if frame["path"] else {}
    item = {"item": frame["item"], "index": frame["index"]} if frame["index"] is not None else {}
    return {
        "step": frame["step"], **scope, **item, "form": [field.model_dump(mode="json") for field in step.form],
        "mode": mode, "needed": data["needed"], "seats": [shown_seat(seat) for seat in data["seats"]],
        "deadline": data["deadline"], "escalated": data["escalated"], "returns_to": list(step.returns_to),
        "may_reassign": step.may_reassign,
    }  # fmt: skip
