"""Steps read the records that their record refers to: seats, conditions, templates, recipients, times."""

from __future__ import annotations

from typing import Any

from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, integer, text
from tests.support.relations import reference


async def test_paths_follow_relations_to_one_record(admin: Client) -> None:
    await admin.define(entity("department", text("name"), text("head"), text("code", sensitive=True), integer("limit")))
    await admin.define(entity("staff", text("name"), reference("department_id")))
    await admin.define(entity("request", text("title"), text("note"), reference("staff_id")))
    for source, target in (("department", "staff"), ("staff", "request")):
        await admin.relate(f"{target}_of", "one_to_many", source, target, target_key=f"{source}_id")
    head = await admin.user("head@x.example", ["lead"])
    mail = {"channel": "in_app", "template": "for {{ record.staff.department.name }}"}
    steps: list[dict[str, Any]] = [
        {"id": "ask", "type": "approval", "approvers": [{"path": "record.staff.department.head"}],
         "on_approve": {"goto": "large"}},
        {"id": "large", "type": "condition", "expression": "record.staff.department.limit > 5",
         "on_true": {"goto": "keep"}},
        {"id": "keep", "type": "set", "then": {"goto": "note"}, "values": {
            "department": "record.staff.department.name", "code": "record.staff.department.code"}},
        {"id": "note", "type": "action", "actions": [
            {"type": "set_field", "entity": "request", "record_id": "trigger.record_id", "field": "note",
             "value": "{{ record.staff.name }} of {{ context.department }}"},
            {"type": "add_comment", "entity": "request", "record_id": "trigger.record_id",
             "body": "Approved for {{ context.department }}"},
            {"type": "send_notification", **mail, "to": [{"path": "record.staff.department.head"}]}]},
    ]  # fmt: skip
    flow = {"name": "request", "trigger": {"type": "manual", "entity": "request"}, "steps": steps}
    await admin.define(flow, "workflows")
    wrong = {"staff.department.haed": "head", "stuff.department.head": "staff", "staff_of.name": "staff"}
    for path, meant in wrong.items():
        seat = {**steps[0], "approvers": [{"path": f"record.{path}"}]}
        refused = await admin.post("/_admin/workflows", {**flow, "name": "other", "steps": [seat, *steps[1:]]})
        (detail,) = refused.expect(422).details
        assert detail["field"] == "steps.0.approvers.0.path" and meant in detail["message"]

    head_id = (await head.get("/auth/me")).data["id"]
    department = {"name": "IT", "head": head_id, "code": "top secret", "limit": 9}
    department_id = (await admin.post("/department", department)).expect(201).data["id"]
    staff = (await admin.post("/staff", {"name": "Ann", "department_id": department_id})).expect(201).data
    request = (await admin.post("/request", {"title": "Printer", "staff_id": staff["id"]})).expect(201).data
    begun = (
        (await admin.post("/_workflows/start", {"workflow": "request", "record_id": request["id"]})).expect(201).data
    )

    async def decided() -> bool:
        return bool((await head.post(f"/_workflows/{begun['id']}/approve")).status == 200)

    async def ended() -> Any:
        found = (await admin.get(f"/_workflows/{begun['id']}")).expect(200).data
        return found if found["status"] == "completed" else None

    await eventually(decided)
    # What came from a sensitive field of the other entity is masked as it is there.
    assert (await eventually(ended))["context"] == {"department": "IT", "code": "***"}
    assert (await admin.get(f"/request/{request['id']}")).data["note"] == "Ann of IT"

    (comment,) = (await admin.get(f"/request/{request['id']}/comments")).expect(200).data
    assert (comment["body"], comment["user_email"]) == ("Approved for IT", "head@x.example")

    async def told() -> Any:
        return [row["subject"] for row in (await head.get("/_notifications")).data if row["subject"].startswith("for")]

    assert await eventually(told) == ["for IT"]
