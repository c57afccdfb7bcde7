"""Everything that starts a workflow: records, business events, time tables, people."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import query
from tests.support.client import Client, entity, text
from tests.support.replays import verified

END: list[dict[str, Any]] = [{"id": "done", "type": "action", "actions": []}]


async def instances(admin: Client, workflow: str, count: int) -> list[dict[str, Any]]:
    """The instances of a workflow, when there are so many."""

    async def found() -> Any:
        listed = (await admin.get(f"/_workflows?workflow={workflow}&per_page=100")).expect(200).data
        return listed if len(listed) >= count else None

    listed: list[dict[str, Any]] = await eventually(found)
    return listed


def starts(name: str, trigger: dict[str, Any], **context: str) -> dict[str, Any]:
    return {"name": name, "trigger": trigger, "context": context, "steps": END}


@pytest.fixture(scope="module")
async def admin(client: Client) -> Client:
    admin = await client.new_app()
    await admin.define(entity("order", text("title"), text("status"), {"name": "amount", "type": "int"}))
    return admin


async def test_records_start_workflows(admin: Client) -> None:
    created = {"type": "record_created", "entity": "order", "condition": "record.amount > 5"}
    updated = {"type": "record_updated", "entity": "order", "fields": ["amount"]}
    await admin.define(starts("created", created, title="record.title", who="initiator.email"), "workflows")
    await admin.define(starts("updated", updated, was="trigger.old.amount", now="record.amount"), "workflows")
    await admin.define(starts("deleted", {"type": "record_deleted", "entity": "order"}, t="record.title"), "workflows")
    small, large = [(await admin.post("/order", {"title": t, "amount": n})).data for t, n in (("s", 1), ("l", 9))]
    (await admin.put(f"/order/{small['id']}", {"title": "small"})).expect(200)
    (await admin.put(f"/order/{small['id']}", {"amount": 2})).expect(200)
    (await admin.delete(f"/order/{large['id']}")).expect(200)
    (deleted,) = await instances(admin, "deleted", 1)
    assert deleted["context"] == {"t": "l"}
    (first,) = await instances(admin, "created", 1)
    assert first["context"] == {"title": "l", "who": "admin@localhost"}
    (changed,) = await instances(admin, "updated", 1)
    assert changed["context"] == {"was": 1, "now": 2}
    await verified(admin, "workflow")


async def test_business_events_start_workflows_once_and_in_order(admin: Client) -> None:
    trigger = {"type": "event", "event": "paid", "condition": "event.metadata.amount > 3"}
    context = {"n": "trigger.event.metadata.amount", "who": "initiator.email", "what": "trigger.event.record_id"}
    await admin.define(starts("on-paid", trigger, **context), "workflows")
    machine = {
        "initial": "open",
        "transitions": [{
            "from": "open", "to": "paid",
            "actions": [{"type": "send_event", "event": "paid", "payload": {"amount": 99}}],
        }],
    }  # fmt: skip
    await admin.define({"entity": "order", "field": "status", "definition": machine}, "state-machines")
    for amount in (1, 10, 11, 12):
        body = {"action": "paid", "metadata": {"amount": amount}, "entity": "order", "record_id": "o-1"}
        (await admin.post("/_events", body, Idempotency_Key=f"paid-{amount}")).expect(201)
    (await admin.post("/_events", {"action": "other", "metadata": {"amount": 50}})).expect(201)
    order = (await admin.post("/order", {"title": "by transition", "status": "open"})).data
    (await admin.put(f"/order/{order['id']}", {"status": "paid"})).expect(200)
    found = await instances(admin, "on-paid", 4)
    assert Counter(each["context"]["n"] for each in found) == {10: 1, 11: 1, 12: 1, 99: 1}
    by_amount = {each["context"]["n"]: each for each in found}
    assert [by_amount[n]["created_at"] for n in (10, 11, 12)] == sorted(
        by_amount[n]["created_at"] for n in (10, 11, 12)
    )
    assert by_amount[99]["context"]["what"] == order["id"]
    assert {each["context"]["who"] for each in found} == {"admin@localhost"}


async def test_time_tables_start_one_instance_for_each_time_and_record(stack: Stack, admin: Client) -> None:
    for number in range(3):
        (await admin.post("/order", {"title": "scheduled", "amount": number})).expect(201)
    trigger = {
        "type": "schedule", "cron": "* * * * * *", "entity": "order",
        "filter": {"title": "scheduled", "amount.in": [0, 2]},
    }  # fmt: skip
    row = await admin.define(starts("tick", trigger, at="trigger.at", n="record.amount"), "workflows")
    await admin.define(starts("once", {"type": "schedule", "cron": "* * * * * *"}, at="trigger.at"), "workflows")
    found = await instances(admin, "tick", 6)
    assert len(await instances(admin, "once", 2)) >= 2
    fired = Counter((each["context"]["at"], each["context"]["n"]) for each in found)
    assert set(fired.values()) == {1}
    complete = sorted({at for at, _ in fired})[:-1]
    assert all(fired[at, n] == 1 for at in complete for n in (0, 2)) and {n for _, n in fired} == {0, 2}
    (await admin.request("PATCH", f"/_admin/workflows/{row['id']}", {"active": False})).expect(200)

    async def stopped() -> bool:
        known = await query(stack, admin, "SELECT workflow_id::text FROM workflow.schedules")
        return row["id"] not in {each["workflow_id"] for each in known}

    await eventually(stopped)
    wrong = starts("bad", {"type": "schedule", "cron": "61 * * * *", "timezone": "Europe/Berlim"})
    refused = (await admin.post("/_admin/workflows", wrong)).expect(422)
    assert {detail["field"] for detail in refused.details} == {"trigger.cron", "trigger.timezone"}


async def test_people_start_workflows(admin: Client) -> None:
    await admin.define({"entity": "order", "action": "read", "roles": ["clerk"], "conditions": [
        {"field": "amount", "operator": "lt", "value": 100},
    ]}, "permissions")  # fmt: skip
    trigger = {
        "type": "manual", "entity": "order", "roles": ["clerk"],
        "form": [{"name": "reason", "type": "string", "required": True}],
    }  # fmt: skip
    inputs = {"limit": {"type": "int", "required": True}}
    asked = starts("ask", trigger, title="record.title", why="trigger.form.reason", who="initiator.email")
    await admin.define({**asked, "inputs": inputs}, "workflows")
    clerk, other = await admin.user("clerk@example.com", ["clerk"]), await admin.user("other@example.com", [])
    shown, hidden = [(await admin.post("/order", {"title": "m", "amount": n})).data["id"] for n in (1, 1000)]
    body = {"workflow": "ask", "record_id": shown, "context": {"limit": 4}, "form": {"reason": "why not"}}
    first = (await clerk.post("/_workflows/start", body, Idempotency_Key="k1")).expect(201)
    again = (await clerk.post("/_workflows/start", body, Idempotency_Key="k1")).expect(201)
    assert first.data["id"] == again.data["id"] and again.headers["Idempotency-Replayed"] == "true"
    (instance,) = await instances(admin, "ask", 1)
    assert instance["context"] == {"limit": 4, "title": "m", "why": "why not", "who": "clerk@example.com"}
    assert (instance["entity"], instance["record_id"]) == ("order", shown)
    (startable,) = (await clerk.get("/_workflows/startable?entity=order")).expect(200).data
    assert (startable["name"], [field["name"] for field in startable["inputs"]]) == ("ask", ["limit"])
    assert (await other.get("/_workflows/startable")).data == []
    (await clerk.get("/_workflows/startable?entitty=order")).expect(400)
    (await clerk.post("/_workflows/start", {**body, "record_id": hidden})).expect(404)
    (await other.post("/_workflows/start", body)).expect(403)
    wrong = {**body, "context": {"limit": "x"}, "form": {"raeson": "x"}}
    refused = (await clerk.post("/_workflows/start", wrong)).expect(422)
    assert [detail["field"] for detail in refused.details] == ["form.raeson", "form.reason"]
    assert (await clerk.post("/_workflows/start", {**body, "workflow": "asc"})).expect(422).code == "VALIDATION_FAILED"
    (await clerk.post("/_workflows/start", {**body, "surprise": 1})).expect(422)
