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
    workflow_version={"type": ["integer", "null"]}, context=OBJECT, history=ROWS,
    approvals={"type": "array", "items": APPROVAL}, approval=APPROVAL, created_at=TIME, updated_at=TIME,
)  # fmt: skip
DECISIONS = ("approve", "reject", "cancel", "reassign", "return", "retry")

ID_OR_NOT: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer"}
NODE = shaped(
    id=TEXT, type=TEXT, label=TEXT, status={"enum": ["open", "waiting", "done", "skipped", "failed"]}, visits=COUNT,
    parent=TEXT, entered_at=TIME, left_at=TIME, seconds=NUMBER,
)  # fmt: skip
GRAPH = shaped(nodes={"type": "array", "items": NODE}, edges=ROWS)
KPIS = shaped(
    window=OBJECT, instances=OBJECT, duration=OBJECT, steps=ROWS, bottlenecks=ROWS,
    sla=shaped(met=COUNT, breached=COUNT), pending_by_approver=ROWS, series=ROWS, complete=FLAG,
)  # fmt: skip
RESULT = shaped(id=TEXT, status={"enum": ["ok", "refused"]}, error=OBJECT)
MOVED = shaped(instance_id=ID_OR_NOT, ok=FLAG, step=TEXT_OR_NOT, reason=TEXT)
COMPARED = shaped(
    instance_id=UUID, same={"type": ["boolean", "null"]}, differs_at=TEXT, was={"type": ["object", "null"]},
    would={"type": ["object", "null"]}, reason=TEXT,
)  # fmt: skip

DETAILS: Mapping[tuple[str, str], Schema] = {
    ("GET", "/api/{app}/_workflows/{id}"): gives(INSTANCE),
    **{("POST", f"/api/{{app}}/_workflows/{{id}}/{verb}"): gives(INSTANCE) for verb in DECISIONS},
    ("GET", "/api/{app}/_workflows/{id}/history"): gives(ROWS),
    ("GET", "/api/{app}/_workflows/{id}/graph"): gives(GRAPH),
    ("GET", "/api/{app}/_workflows/kpis"): gives(KPIS),
    ("POST", "/api/{app}/_workflows/_bulk"): gives(shaped(results={"type": "array", "items": RESULT})),
    ("POST", "/api/{app}/_admin/workflows/{id}/migrate"): gives(
        shaped(results={"type": "array", "items": MOVED}, migrated=COUNT, more=FLAG)
    ),
    ("POST", "/api/{app}/_admin/workflows/{id}/simulate"): gives(
        shaped(
            same=COUNT,
            different=COUNT,
            unknown=COUNT,
            complete=FLAG,
            instances={"type": "array", "items": COMPARED},
            steps={"type": "array", "items": shaped(step=TEXT, was=COUNT, would=COUNT)},
        )
    ),
}
