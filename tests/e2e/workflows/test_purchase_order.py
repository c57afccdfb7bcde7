"""A purchase order from request to delivery: seats, forms, delegation, escalation, branches, sub-workflows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import query
from tests.support.client import Client, entity, text
from tests.support.replays import finished, verified

ORDER = entity(
    "purchase", text("title"), text("status", default="draft"), {"name": "amount", "type": "decimal", "precision": 2},
    text("manager"), text("buyer"), text("budget"),
)  # fmt: skip
MACHINE = {
    "entity": "purchase", "field": "status",
    "definition": {"initial": "draft", "transitions": [
        {"from": "draft", "to": "submitted"}, {"from": "submitted", "to": "approved", "roles": ["nobody"]},
        {"from": "submitted", "to": "rejected", "roles": ["nobody"]}]},
}  # fmt: skip
REASON = [{"name": "reason", "type": "string", "label": "Reason", "required": "reject"}]


def move(step_id: str, to: str, **more: Any) -> dict[str, Any]:
    action = {"type": "transition", "entity": "purchase", "record_id": "trigger.record_id", "field": "status", "to": to}
    return {"id": step_id, "type": "action", "actions": [action], **more}


def put(step_id: str, field: str, value: str, **more: Any) -> dict[str, Any]:
    action = {
        "type": "set_field", "entity": "purchase", "record_id": "trigger.record_id", "field": field, "value": value,
    }  # fmt: skip
    return {"id": step_id, "type": "action", "actions": [action], **more}


MANAGER = {
    "id": "manager", "type": "approval", "approvers": [{"path": "record.manager", "label": "Manager"}], "form": REASON,
    "separation": ["initiator"], "escalation": [{"after": "1s", "to": {"role": "director"}}], "timeout": "240h",
    "on_approve": {"goto": "large"}, "on_reject": {"goto": "reject"}, "on_timeout": {"goto": "reject"},
}  # fmt: skip
FINANCE = {
    "id": "finance", "type": "approval", "approvers": [{"role": "finance", "each": True}], "mode": {"quorum": 2},
    "veto": True, "separation": ["manager"], "form": [{"name": "centre", "type": "string", "enum": ["it", "ops"]}],
    "on_approve": {"goto": "order"}, "on_reject": {"goto": "reject"}, "returns_to": ["manager"],
}  # fmt: skip
FLOW = {
    "name": "purchase order",
    "trigger": {"type": "state_change", "entity": "purchase", "field": "status", "to": "submitted"},
    "context": {"amount": "record.amount"},
    "cancel_when": "record.status == 'draft'",
    "steps": [
        MANAGER,
        {"id": "large", "type": "condition", "expression": "context.amount > 1000", "on_true": {"goto": "finance"},
         "on_false": {"goto": "order"}},
        FINANCE,
        {"id": "order", "type": "parallel", "then": {"goto": "approve"}, "branches": {
            "budget": {"steps": [{"id": "reserve", "type": "sub_workflow", "workflow": "reserve",
                                  "context": {"amount": "context.amount"}, "then": {"goto": "note"}},
                                 put("note", "budget", "{{ steps.reserve.context.centre }}")]},
            "buyer": {"steps": [put("buy", "buyer", "{{ steps.manager.by }}")]}}},
        move("approve", "approved"),
        move("reject", "rejected"),
    ],
}  # fmt: skip
RESERVE = {
    "name": "reserve",
    "trigger": {"type": "manual"},
    "inputs": {"amount": {"type": "decimal", "required": True}},
    "steps": [{"id": "pick", "type": "set", "values": {"centre": "context.amount > 1000 ? 'large' : 'small'"}}],
}


class Company:
    """An app with the workflow, and its people."""

    def __init__(self, admin: Client, people: dict[str, Client], ids: dict[str, str]) -> None:
        self.admin, self.people, self.ids = admin, people, ids

    async def submit(self, amount: str) -> tuple[str, str]:
        """A submitted order, and the instance that waits for its manager."""
        clerk = self.people["clerk"]
        made = {"title": "Printer", "amount": amount, "manager": self.ids["ann"]}
        order = (await clerk.post("/purchase", made)).expect(201).data
        (await clerk.put(f"/purchase/{order['id']}", {"status": "submitted"})).expect(200)
        return order["id"], (await self.at(order["id"], "manager"))["id"]

    async def at(self, order: str, step: str) -> Any:
        """The instance of an order, once it waits at a step."""

        async def waiting() -> Any:
            found = (await self.admin.get(f"/_workflows?record={order}")).expect(200).data
            return next((each for each in found if "approval" in each and each["current_step"] == step), None)

        return await eventually(waiting)

    async def ended(self, instance: str, status: str) -> Any:
        """The instance, once it has ended."""

        async def found() -> Any:
            now = (await self.admin.get(f"/_workflows/{instance}")).expect(200).data
            return now if now["status"] == status else None

        return await eventually(found)

    async def decide(self, name: str, instance: str, verb: str = "approve", **body: Any) -> Any:
        return await self.people[name].post(f"/_workflows/{instance}/{verb}", body)


@pytest.fixture(scope="module")
async def company(client: Client) -> Company:
    admin = await client.new_app()
    await admin.define(ORDER)
    await admin.define(MACHINE, "state-machines")
    roles = {
        "clerk": ["clerk"], "ann": ["lead"], "dora": ["director"], "fred": ["finance"], "fay": ["finance"],
        "flo": ["finance"], "stan": ["staff"],
    }  # fmt: skip
    people = {name: await admin.user(f"{name}@example.com", granted) for name, granted in roles.items()}
    for action in ("create", "read", "update"):
        await admin.grant("purchase", action, *{role for granted in roles.values() for role in granted})
    ids = {name: (await person.get("/auth/me")).data["id"] for name, person in people.items()}
    await admin.define(RESERVE, "workflows")
    await admin.define(FLOW, "workflows")
    return Company(admin, people, ids)


async def test_a_large_order_goes_through_all_hands(stack: Stack, company: Company) -> None:
    admin, people, ids = company.admin, company.people, company.ids
    order, instance = await company.submit("2500.00")
    # The manager is away: a colleague decides in their place, and everybody sees on whose behalf.
    until = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    (await people["ann"].post("/_workflows/delegations", {"to": "stan@example.com", "until": until})).expect(201)
    assert (await company.decide("fred", instance)).expect(403)
    assert (await company.decide("clerk", instance)).expect(403)
    assert (await company.decide("stan", instance, on_behalf_of="fred@example.com")).expect(403)
    (seat,) = (await company.at(order, "manager"))["approval"]["seats"]
    assert (seat["label"], seat["users"]) == ("Manager", [{"id": ids["ann"], "email": "ann@example.com"}])
    moved = (await company.decide("stan", instance, on_behalf_of="ann@example.com", comment="fine")).expect(200).data
    first = next(each for each in moved["history"] if each["status"] == "approved")
    assert (first["by"], first["on_behalf_of"], first["comment"]) == (ids["stan"], ids["ann"], "fine")

    waiting = await company.at(order, "finance")
    approval = waiting["approval"]
    assert (approval["needed"], len(approval["seats"]), approval["mode"]) == (2, 3, {"quorum": 2})
    mine = (await people["fay"].get("/_workflows/pending?assignee=me")).expect(200).data
    assert [each["id"] for each in mine] == [instance]
    refused = (await company.decide("fred", instance, form={"centre": "none", "cost": 1})).expect(422)
    assert {each["field"] for each in refused.details} == {"form.centre", "form.cost"}
    (await company.decide("fred", instance, form={"centre": "it"})).expect(200)
    assert (await company.decide("fred", instance)).expect(422).code == "INVALID_STATE"
    assert (await people["fred"].get("/_workflows/pending?assignee=me")).data == []
    (await company.decide("fay", instance)).expect(200)
    done = await company.ended(instance, "completed")
    assert [(each["step"], each["status"]) for each in done["history"] if each["step"] in ("order", "approve")] == [
        ("order", "completed"), ("approve", "completed"),
    ]  # fmt: skip
    record = (await admin.get(f"/purchase/{order}")).data
    assert (record["status"], record["budget"], record["buyer"]) == ("approved", "large", ids["stan"])
    # The deciding person stands in the record's history.
    last, *_ = (await admin.get(f"/purchase/{order}/history")).data
    assert (last["user"]["id"], last["cause"]) == (ids["fay"], "workflow:purchase order")
    (child,) = (await admin.get("/_workflows?workflow=reserve")).data
    assert (child["parent_id"], child["status"]) == (instance, "completed")
    await verified(admin, "workflow")
    tampering = (
        "UPDATE workflow.instances SET state = state || '{\"visits\": 99}' WHERE id = $1::text::uuid RETURNING id"
    )
    await query(stack, admin, tampering, instance)
    assert (await finished(admin, "workflow", "verify"))["first_differences"][0]["key"] == instance
    await finished(admin, "workflow", "rebuild")
    await verified(admin, "workflow")


async def test_one_veto_rejects_and_finance_may_send_back(company: Company) -> None:
    order, instance = await company.submit("1500.00")
    admin, people = company.admin, company.people

    # The director steps in after a second.
    async def escalated() -> Any:
        seats = (await company.at(order, "manager"))["approval"]
        return seats if seats["escalated"] else None

    assert (await eventually(escalated))["seats"][0]["role"] == "director"
    refused = (await company.decide("dora", instance, "reject")).expect(422)
    assert [each["field"] for each in refused.details] == ["form.reason"]
    (await company.decide("dora", instance)).expect(200)
    await company.at(order, "finance")
    wrong = (await people["flo"].post(f"/_workflows/{instance}/return", {"to_step": "large", "comment": "?"})).expect(
        422
    )
    assert wrong.details[0]["field"] == "to_step"
    back = (
        await people["flo"].post(f"/_workflows/{instance}/return", {"to_step": "manager", "comment": "why?"})
    ).expect(200)
    assert back.data["current_step"] == "manager" or back.data["current_steps"] == ["manager"]
    await company.at(order, "manager")
    handed = {"to": {"user": "dora@example.com"}, "reason": "on leave"}
    (await people["clerk"].post(f"/_workflows/{instance}/reassign", handed)).expect(403)
    (await people["ann"].post(f"/_workflows/{instance}/reassign", handed)).expect(200)
    (await company.decide("dora", instance)).expect(200)
    await company.at(order, "finance")
    (await company.decide("fay", instance)).expect(200)
    (await company.decide("flo", instance, "reject")).expect(200)
    ended = await company.ended(instance, "completed")
    statuses = [(each["step"], each["status"]) for each in ended["history"]]
    assert ("finance", "returned") in statuses and ("finance", "rejected") in statuses
    assert (await admin.get(f"/purchase/{order}")).data["status"] == "rejected"


async def test_admins_override_cancel_retry_and_delete(company: Company) -> None:
    admin, people = company.admin, company.people
    order, instance = await company.submit("10.00")
    path = f"/_workflows/{instance}"
    (await admin.post(f"{path}/approve")).expect(403)
    assert (await admin.post(f"{path}/approve", {"override": True})).expect(422).details[0]["field"] == "comment"
    # What the workflow moves has gone meanwhile: it fails, and goes on where it failed.
    broken = {**MACHINE, "active": False}
    (machine,) = (await admin.get("/_admin/state-machines")).data
    (await admin.put(f"/_admin/state-machines/{machine['id']}", broken)).expect(200)
    (await admin.post(f"{path}/approve", {"override": True, "comment": "urgent"})).expect(200)
    failed = await company.ended(instance, "failed")
    assert failed["failed"]["step"] == "approve" and failed["history"][-1]["status"] == "failed"
    (await people["clerk"].post(f"{path}/retry")).expect(403)
    (await admin.put(f"/_admin/state-machines/{machine['id']}", MACHINE)).expect(200)
    (await admin.post(f"{path}/retry")).expect(200)
    ended = await company.ended(instance, "completed")
    assert next(each for each in ended["history"] if each["status"] == "approved")["override"] is True
    assert (await admin.post(f"{path}/retry")).expect(422).code == "INVALID_STATE"
    assert (await admin.post(f"{path}/cancel")).expect(422).code == "INVALID_STATE"

    order, instance = await company.submit("10.00")
    # More than an instance can hold is refused, and nothing has been decided by it.
    much = (await company.decide("ann", instance, form={"reason": "x" * (9 << 20)})).expect(413)
    assert much.code == "PAYLOAD_TOO_LARGE" and (await company.at(order, "manager"))["id"] == instance
    (await people["ann"].post(f"/_workflows/{instance}/cancel")).expect(403)
    cancelled = (await people["clerk"].post(f"/_workflows/{instance}/cancel", {"reason": "no need"})).expect(200).data
    assert (cancelled["status"], cancelled["history"][-1]["reason"]) == ("cancelled", "no need")
    (await admin.delete(f"/_workflows/{instance}")).expect(200)
    (await admin.get(f"/_workflows/{instance}")).expect(404)

    # The definition of today cancels nothing: the instance is judged by the one that it has started with.
    order, instance = await company.submit("10.00")
    (await admin.put(f"/_admin/state-machines/{machine['id']}", broken)).expect(200)
    (flow,) = [each for each in (await admin.get("/_admin/workflows")).data if each["name"] == FLOW["name"]]
    by_hand = {**FLOW, "trigger": {"type": "manual", "entity": "purchase"}}
    by_hand.pop("cancel_when")
    (await admin.put(f"/_admin/workflows/{flow['id']}", by_hand)).expect(200)
    (await admin.put(f"/purchase/{order}", {"status": "draft"})).expect(200)
    assert (await company.ended(instance, "cancelled"))["history"][-1]["status"] == "cancelled"
    await verified(admin, "workflow")
