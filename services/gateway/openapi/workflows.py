"""What the routes of workflow instances answer."""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.openapi.components import Schema
from services.gateway.openapi.shapes import FLAG, NUMBER, OBJECT, ROWS, TEXT, TIME, UUID, gives, shaped

TEXT_OR_NOT: Schema = {"type": ["string", "null"]}
TIME_OR_NOT: Schema = {"type": ["string", "null"], "format": "date-time"}
SEAT = shaped(
    id=TEXT, label=TEXT, role=TEXT, users={"type": "array", "items": shaped(id=TEXT, email=TEXT)},
    decision={"enum": ["approved", "rejected", None]}, by=TEXT, on_behalf_of=TEXT, comment=TEXT, at=TIME,
)  # fmt: skip
APPROVAL = shaped(
    step=TEXT, scope=TEXT, form=ROWS, mode={}, needed=NUMBER, seats={"type": "array", "items": SEAT},
    deadline=TIME_OR_NOT, escalated=ROWS, returns_to={"type": "array", "items": TEXT}, may_reassign=FLAG,
)  # fmt: skip
INSTANCE = shaped(
    id=UUID, workflow_id=UUID, workflow_name=TEXT, status={"enum": ["running", "completed", "failed", "cancelled"]},
    current_step=TEXT_OR_NOT, current_steps={"type": "array", "items": TEXT}, current_step_deadline=TIME_OR_NOT,
    context=OBJECT, history=ROWS, approvals={"type": "array", "items": APPROVAL}, approval=APPROVAL, created_at=TIME,
    updated_at=TIME,
)  # fmt: skip
DECISIONS = ("approve", "reject", "cancel", "reassign", "return", "retry")

DETAILS: Mapping[tuple[str, str], Schema] = {
    ("GET", "/api/{app}/_workflows/{id}"): gives(INSTANCE),
    **{("POST", f"/api/{{app}}/_workflows/{{id}}/{verb}"): gives(INSTANCE) for verb in DECISIONS},
}
