"""State machines: states, roles, guards, and actions of transitions."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared import clock
from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply, entity, integer, text
from tests.support.receivers import HttpReceiver, Mailbox
from tests.support.relations import reference

ORDER = entity(
    "order", text("status"), text("payment"), text("title"), integer("count"),
    {"name": "closed_at", "type": "timestamp"}, {"name": "closed_on", "type": "date"},
)  # fmt: skip
NOTE = entity("note", text("body", required=True), integer("count"), text("order_id"))


@pytest.fixture
async def shop(admin: Client) -> Client:
    """An app with orders and notes."""
    await admin.define(ORDER)
    await admin.define(NOTE)
    return admin


def way(origin: Any, to: str, *actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"from": origin, "to": to, "actions": list(actions), **more}


async def machine(shop: Client, *ways: dict[str, Any], field: str = "status", **more: Any) -> dict[str, Any]:
    definition = {"initial": "open", "transitions": list(ways)}
    sent = {"entity": "order", "field": field, "definition": definition, **more}
    return dict(await shop.define(sent, "state-machines"))


async def order(shop: Client, **body: Any) -> str:
    return f"/order/{(await shop.post('/order', {'status': 'open', **body})).expect(201).data['id']}"


def stuck(reply: Reply, field: str = "status") -> None:
    assert reply.expect(422).code == "VALIDATION_FAILED"
    [detail] = reply.details
    assert (detail["field"], detail["rule"]) == (field, "state_machine") and detail["message"]


async def test_records_start_in_the_initial_state(shop: Client) -> None:
    await machine(shop, way("open", "closed"))
    for body in ({}, {"status": None}, {"status": "open"}):
        assert (await shop.post("/order", body)).expect(201).data["status"] == "open"
    stuck(await shop.post("/order", {"status": "closed"}))
    assert (await shop.get("/order")).meta["total"] == 3


async def test_a_default_may_supply_the_initial_state(admin: Client) -> None:
    await admin.define(entity("order", text("status", default="open")))
    await machine(admin, way("open", "closed"))
    made = (await admin.post("/order", {})).expect(201).data
    assert made["status"] == "open"
    (await admin.put(f"/order/{made['id']}", {"status": "closed"})).expect(200)


async def test_states_change_by_transitions_only(shop: Client) -> None:
    await machine(shop, way("open", "paid"), way(["paid", "lost"], "closed"))
    path = await order(shop)
    for wrong in ("closed", "lost", "unheard", None):
        stuck(await shop.put(path, {"status": wrong, "title": "x"}))
    assert (await shop.get(path)).data["title"] is None
    (await shop.put(path, {"status": "open", "title": "y"})).expect(200)
    (await shop.put(path, {"title": "z"})).expect(200)
    (await shop.put(path, {"status": "paid"})).expect(200)
    assert (await shop.put(path, {"status": "closed"})).expect(200).data["status"] == "closed"
    stuck(await shop.put(path, {"status": "open"}))
    assert len((await shop.get(f"{path}/history")).data) == 5


async def test_machines_check_their_own_fields_only(shop: Client) -> None:
    await machine(shop, way("open", "closed"))
    await machine(shop, way("open", "paid"), field="payment")
    path = await order(shop)
    (await shop.put(path, {"payment": "paid"})).expect(200)
    stuck(await shop.put(path, {"payment": "open", "status": "closed"}), "payment")
    assert (await shop.get(path)).data["status"] == "open"
    assert (await shop.put(path, {"status": "closed"})).expect(200).data["payment"] == "paid"


@pytest.mark.parametrize("gone", ["inactive", "deleted"])
async def test_inactive_machines_are_ignored(shop: Client, gone: str) -> None:
    made = await machine(shop, way("open", "closed"), active=gone != "inactive")
    if gone == "deleted":
        (await shop.delete(f"/_admin/state-machines/{made['id']}")).expect(200)
    path = await order(shop, status="anything")
    (await shop.put(path, {"status": "else"})).expect(200)


async def test_transitions_need_their_roles(shop: Client) -> None:
    for action in ("read", "create", "update"):
        await shop.grant("order", action, "clerk", "boss")
    clerk, boss = [await shop.user(f"{role}@example.com", [role]) for role in ("clerk", "boss")]
    await machine(shop, way("open", "paid", roles=["boss", "chief"]), way("paid", "closed", roles=[]))
    path = await order(clerk)
    reply = (await clerk.put(path, {"status": "paid", "title": "x"})).expect(403)
    assert reply.code == "FORBIDDEN"
    assert (await shop.get(path)).data["title"] is None
    (await boss.put(path, {"status": "paid"})).expect(200)
    (await clerk.put(path, {"status": "closed"})).expect(200)


async def test_guards_see_stored_values_under_sent_ones(shop: Client) -> None:
    guard = "record.count >= 2 && record.title == 'kept' && old.count == 1 && action == 'update' && user.id != nil"
    await machine(shop, way("open", "paid", guard=guard), way("paid", "closed", guard=None))
    path = await order(shop, title="kept", count=1)
    stuck(await shop.put(path, {"status": "paid"}))
    stuck(await shop.put(path, {"status": "paid", "count": 2, "title": "other"}))
    assert (await shop.get(path)).data["count"] == 1
    (await shop.put(path, {"status": "paid", "count": 2})).expect(200)
    (await shop.put(path, {"status": "closed"})).expect(200)


async def test_set_field_is_part_of_the_same_write(shop: Client) -> None:
    actions: list[dict[str, Any]] = [
        {"type": "set_field", "field": "closed_at", "value": "now"},
        {"type": "set_field", "field": "closed_on", "value": "now"},
        {"type": "set_field", "field": "count", "value": 7},
        {"type": "set_field", "field": "title", "value": "{{record.title}} by {{user.email}}"},
    ]
    await machine(shop, way("open", "closed", *actions))
    path = await order(shop, title="t")
    before = clock.now().isoformat()[:19]
    closed = (await shop.put(path, {"status": "closed"})).expect(200)
    assert before <= closed.data["closed_at"][:19] <= clock.now().isoformat()[:19]
    assert closed.data["closed_on"] in (before[:10], clock.now().isoformat()[:10])
    assert (closed.data["count"], closed.data["title"]) == (7, "t by admin@localhost")
    assert closed.headers["ETag"] == '"2"'
    [last, _] = (await shop.get(f"{path}/history")).data
    assert set(last["changed"]) == {"status", "closed_at", "closed_on", "count", "title"}


async def test_records_are_changed_in_the_same_commit(shop: Client) -> None:
    kept, doomed = [(await shop.post("/note", {"body": body})).data for body in ("kept", "doomed")]
    actions = [
        {
            "type": "create_record",
            "entity": "note",
            "fields": {"body": "{{record.title}}", "order_id": "{{record.id}}"},
        },
        {"type": "update_record", "entity": "note", "record_id": kept["id"], "fields": {"count": 5}},
        {"type": "delete_record", "entity": "note", "record_id": doomed["id"]},
        {"type": "update_record", "entity": "note", "record_id": "{{record.payment}}", "fields": {"count": 6}},
    ]
    await machine(shop, way("open", "closed", *actions))
    path = await order(shop, title="t")
    (await shop.put(path, {"status": "closed"})).expect(200)
    notes = {note["body"]: note for note in (await shop.get("/note")).data}
    assert set(notes) == {"kept", "t"}
    assert (notes["kept"]["count"], notes["t"]["order_id"]) == (5, path.removeprefix("/order/"))
    commits = [
        (await shop.get(f"{changed}/history")).data[0]["commit_id"]
        for changed in (path, f"/note/{kept['id']}", f"/note/{notes['t']['id']}", f"/note/{doomed['id']}")
    ]
    assert len(set(commits)) == 1


async def test_an_impossible_record_undoes_the_transition(shop: Client) -> None:
    await machine(shop, way("open", "closed", {"type": "create_record", "entity": "note", "fields": {"count": 1}}))
    path = await order(shop)
    reply = (await shop.put(path, {"status": "closed"})).expect(422)
    assert [detail["rule"] for detail in reply.details] == ["state_machine"]
    assert (await shop.get(path)).data["status"] == "open"
    assert (await shop.get("/note")).data == []


async def test_nested_children_obey_their_machines(admin: Client) -> None:
    await admin.define(entity("cart", text("name")))
    await admin.define(entity("order", text("status"), text("title"), reference("cart_id")))
    await admin.relate("orders", "one_to_many", "cart", "order", target_key="cart_id")
    await machine(admin, way("open", "closed", {"type": "set_field", "field": "title", "value": "done"}))
    begun = {"orders": {"data": [{"status": "open"}, {"status": "closed"}]}}
    assert (await admin.post("/cart", begun)).expect(422).details[0]["path"] == "orders[1]"
    cart = (await admin.post("/cart", {"orders": {"data": [{}]}})).expect(201).data
    [child] = (await admin.get("/order")).data
    moved = {"orders": {"data": [{"id": child["id"], "status": "lost"}]}}
    assert (await admin.put(f"/cart/{cart['id']}", moved)).expect(422).details[0]["rule"] == "state_machine"
    moved = {"orders": {"data": [{"id": child["id"], "status": "closed"}]}}
    (await admin.put(f"/cart/{cart['id']}", moved)).expect(200)
    [child] = (await admin.get("/order")).data
    assert (child["status"], child["title"]) == ("closed", "done")


async def test_a_transition_webhook_is_sent_once_after_the_commit(shop: Client, receiver: HttpReceiver) -> None:
    call = {"type": "webhook", "url": f"{receiver.url}/{{{{record.title}}}}", "method": "PUT"}
    last = {"type": "webhook", "url": f"{receiver.url}/last"}
    await machine(shop, way("open", "paid", call, guard="record.count > 0"), way("paid", "closed", last))
    path = await order(shop, title="t", count=0)
    stuck(await shop.put(path, {"status": "paid"}))
    paid = (await shop.put(path, {"status": "paid", "count": 1})).expect(200).data
    (await shop.put(path, {"title": "else"})).expect(200)
    (await shop.put(path, {"status": "closed"})).expect(200)

    async def arrived() -> bool:
        return len(receiver.requests) >= 2

    async def delivered() -> Any:
        logs = (await shop.get("/_admin/webhook-logs")).data
        return logs if all(log["status"] == "delivered" for log in logs) else None

    await eventually(arrived)
    logs = {log["url"]: log for log in await eventually(delivered)}
    bodies = {body["transition"]["to"]: body for _, body in receiver.requests}
    assert len(receiver.requests) == len(logs) == 2
    assert logs[f"{receiver.url}/t"]["method"] == "PUT" and f"{receiver.url}/last" in logs
    told = bodies["paid"]
    assert told["record"] == paid and told["old"] == {**paid, "status": "open", "count": 0}
    assert told["transition"] == {"field": "status", "from": "open", "to": "paid"}
    assert (told["event"], told["entity"], told["action"]) == ("transition", "order", "update")


async def test_business_events_of_transitions(shop: Client) -> None:
    tell = {
        "type": "send_event",
        "event": "order.paid",
        "payload": {"who": "{{user.email}}", "count": "{{record.count}}"},
    }
    await machine(shop, way("open", "paid", tell))
    path = await order(shop, count=3)
    paid = (await shop.put(path, {"status": "paid"})).expect(200)

    async def told() -> Any:
        return (await shop.get("/_events?action=order.paid")).data

    [event] = await eventually(told)
    assert (event["event_type"], event["entity"]) == ("business", "order")
    assert event["record_id"] == path.removeprefix("/order/")
    assert event["trace_id"] == paid.headers["X-Trace-ID"]
    assert event["metadata"] == {"who": "admin@localhost", "count": 3}


async def test_transitions_send_notifications(shop: Client, mails: Mailbox) -> None:
    ann = await shop.user("ann@paying.example", ["accounts"])
    mail = {
        "type": "send_notification", "channel": "email", "to": ["{{record.title}}", {"role": "accounts"}],
        "template": {"subject": "Paid {{record.count}}", "body": "by {{user.email}}"},
    }  # fmt: skip
    note = {
        "type": "send_notification",
        "channel": "in_app",
        "template": "{{record.title}} paid\nmore",
        "to": "accounts",
    }
    nowhere = {"type": "send_notification", "channel": "pigeon{{record.payment}}", "template": "x", "to": "admin"}
    nobody = {"type": "send_notification", "channel": "email", "template": "x", "to": "{{record.payment}}"}
    await machine(shop, way("open", "paid", mail, note, nowhere, nobody, guard="record.count > 0"))
    path = await order(shop, title="eve@paying.example", count=0)
    stuck(await shop.put(path, {"status": "paid"}))
    paid = (await shop.put(path, {"status": "paid", "count": 3})).expect(200)
    (await shop.put(path, {"count": 4})).expect(200)

    async def told() -> Any:
        rows = (await shop.get("/_admin/notifications")).data
        return rows if len(rows) == 5 and all(row["status"] in ("sent", "failed") for row in rows) else None

    rows = await eventually(told)
    sent = {(row["channel"], row["recipient"], row["subject"]) for row in rows if row["status"] == "sent"}
    assert sent == {
        ("email", "eve@paying.example", "Paid 3"),
        ("email", "ann@paying.example", "Paid 3"),
        ("in_app", "ann@paying.example", "eve@paying.example paid"),
    }
    failed = {row["error"] for row in rows if row["status"] == "failed"}
    assert failed == {"there is no channel pigeon", "nobody is known whom this could be told"}
    assert {row["trace_id"] for row in rows} == {paid.headers["X-Trace-ID"]}
    assert rows[0]["metadata"]["transition"]["to"] == "paid"
    arrived = [mail for mail in mails.mails if mail["Subject"] == "Paid 3"]
    assert {mail["To"] for mail in arrived} == {"eve@paying.example", "ann@paying.example"}
    assert len(arrived) == 2 and arrived[0].get_content().strip() == "by admin@localhost"
    [inbox] = (await ann.get("/_notifications")).data
    assert inbox["body"] == "eve@paying.example paid\nmore"
