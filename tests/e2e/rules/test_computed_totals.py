"""Computed fields over children are updated in the commit that changes the children."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply, entity, integer, text
from tests.support.receivers import HttpReceiver
from tests.support.relations import reference

MONEY = {"type": "decimal", "precision": 2}


async def computes(admin: Client, owner: str, field: str, expression: str, **load: Any) -> None:
    loads = {"related_load": [load]} if load else {}
    definition = {"field": field, "expression": expression, **loads}
    rule = {"entity": owner, "hook": "before_write", "type": "computed", "definition": definition}
    await admin.define(rule, "rules")


async def relates(admin: Client, name: str, source: str, target: str, **parts: Any) -> None:
    await admin.relate(name, "one_to_many", source, target, **parts)


@pytest.fixture
async def shop(admin: Client) -> Client:
    """Customers with orders, orders with lines; an order's total is its lines', a customer's its orders'."""
    await admin.define(entity("customer", text("name"), {"name": "spent", **MONEY}))
    customer_id = reference("customer_id")
    status = text("status", default="draft")
    await admin.define(entity("order", text("no"), {"name": "total", **MONEY}, integer("count"), status, customer_id))
    order_id = reference("order_id")
    await admin.define(
        entity("line", text("what"), integer("qty"), {"name": "amount", **MONEY}, order_id, soft_delete=True)
    )
    await relates(admin, "orders", "customer", "order", target_key="customer_id", on_delete="set_null")
    await relates(admin, "lines", "order", "line", target_key="order_id", on_delete="cascade")
    await computes(admin, "order", "total", "sum(related.lines, amount)", relation="lines")
    await computes(admin, "order", "count", "len(related.lines)", relation="lines")
    await computes(admin, "customer", "spent", "sum(related.orders, total)", relation="orders")
    return admin


def lines(*amounts: float) -> dict[str, Any]:
    return {"data": [{"amount": amount} for amount in amounts]}


async def total(shop: Client, order: dict[str, Any]) -> float:
    return float((await shop.get(f"/order/{order['id']}")).expect(200).data["total"])


async def make(shop: Client, *amounts: float, **parts: Any) -> dict[str, Any]:
    row: dict[str, Any] = (await shop.post("/order", {"lines": lines(*amounts), **parts})).expect(201).data
    return row


async def lines_of(shop: Client, order: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await shop.get(f"/line?filter[order_id]={order['id']}&sort=amount")).data
    return rows


async def test_nested_rows_of_the_same_request_are_counted(shop: Client) -> None:
    order = await make(shop, 10, 20.5)
    assert (order["total"], order["count"]) == (30.5, 2)
    versions = (await shop.get(f"/order/{order['id']}/history")).data
    assert [(v["version"], v["action"], v["changed"]["total"]["new"]) for v in versions] == [(1, "create", 30.5)]
    row, _ = await lines_of(shop, order)
    body = {"no": "7", "lines": {"data": [{"id": row["id"], "amount": 11}, {"amount": 0.25}]}}
    answer = (await shop.put(f"/order/{order['id']}", body)).expect(200)
    assert (answer.data["total"], answer.headers["ETag"]) == (31.75, '"2"')
    only = (await shop.put(f"/order/{order['id']}", {"lines": {"data": [{"id": row["id"], "_delete": True}]}})).expect(
        200
    )
    assert (only.data["total"], only.data["count"], only.headers["ETag"]) == (20.75, 2, '"3"')
    history = (await shop.get(f"/order/{order['id']}/history")).data
    assert history[0]["changed"]["total"] == {"old": 31.75, "new": 20.75}


async def test_every_write_of_a_child_updates_the_total_in_its_commit(shop: Client) -> None:
    order, other = await make(shop, 1), await make(shop)
    assert (await total(shop, other)) == 0

    async def shows(reply: Reply, *expected: float) -> None:
        assert reply.status in (200, 201), reply.body
        assert ((await total(shop, order)), (await total(shop, other))) == expected
        position = reply.headers["X-Commit"]
        commit = (await shop.get("/_commits?entity=order")).data[0]
        assert str(commit["position"]) == position, "the total is of the same commit"

    made = await shop.post("/line", {"amount": 5, "order_id": order["id"]})
    await shows(made, 6, 0)
    line = f"/line/{made.data['id']}"
    await shows(await shop.put(line, {"amount": 7}), 8, 0)
    await shows(await shop.put(line, {"order_id": other["id"]}), 1, 7)
    await shows(await shop.put(line, {"order_id": order["id"]}), 8, 0)
    await shows(await shop.delete(line), 1, 0)
    await shows(await shop.post(f"{line}/restore"), 8, 0)
    bulk = [{"amount": 1, "order_id": each["id"]} for each in (order, other)]
    await shows(await shop.post("/line/_bulk", bulk), 9, 1)
    (moved,) = await lines_of(shop, other)
    await shows(await shop.put("/line/_bulk", [{"id": moved["id"], "amount": 3}]), 9, 3)
    await shows(await shop.request("DELETE", "/line/_bulk", [moved["id"]]), 9, 0)
    before = (await shop.get(f"/order/{order['id']}")).headers["ETag"]
    (await shop.put(line, {"what": "nothing that counts"})).expect(200)
    assert (await shop.get(f"/order/{order['id']}")).headers["ETag"] == before, "nothing has changed by it"


async def test_an_undo_restores_totals(shop: Client) -> None:
    order = await make(shop, 1)
    line = (await shop.post("/line", {"amount": 5, "order_id": order["id"]})).data
    commit = (await shop.get(f"/line/{line['id']}/history")).data[0]["commit_id"]
    (await shop.post("/line", {"amount": 10, "order_id": order["id"]})).expect(201)
    (await shop.post(f"/_commits/{commit}/undo")).expect(200)
    assert await total(shop, order) == 11
    whole = await make(shop, 2, 3)
    commit = (await shop.get(f"/order/{whole['id']}/history")).data[0]["commit_id"]
    undone = (await shop.post(f"/_commits/{commit}/undo")).expect(200).data
    (await shop.get(f"/order/{whole['id']}")).expect(404)
    (await shop.post(f"/_commits/{undone['commit_id']}/undo")).expect(200)
    assert await total(shop, whole) == 5


async def test_totals_of_totals_are_updated(shop: Client) -> None:
    customer = (
        (await shop.post("/customer", {"name": "a", "orders": {"data": [{"lines": lines(1, 2)}]}})).expect(201).data
    )
    assert customer["spent"] == 3

    async def spent() -> float:
        return float((await shop.get(f"/customer/{customer['id']}")).data["spent"])

    assert await spent() == 3
    (order,) = (await shop.get("/order")).data
    (await shop.post("/line", {"amount": 4, "order_id": order["id"]})).expect(201)
    assert await spent() == 7
    (await shop.delete(f"/order/{order['id']}")).expect(200)
    assert await spent() == 0
    (await make(shop, 5, customer_id=customer["id"]))
    assert await spent() == 5


async def test_many_to_many_relations_are_counted(admin: Client) -> None:
    await admin.define(entity("course", text("name"), integer("points")))
    await admin.define(entity("student", text("name"), integer("points")))
    await relates(admin, "courses", "student", "course", type="many_to_many", join_table="takes")
    await computes(admin, "student", "points", "sum(related.courses, points)", relation="courses")
    a, b = [(await admin.post("/course", {"points": n})).data["id"] for n in (3, 4)]
    student = (await admin.post("/student", {"courses": {"data": [{"id": a}, {"id": b}]}})).expect(201).data
    assert student["points"] == 7
    path = f"/student/{student['id']}"
    (await admin.put(f"/course/{a}", {"points": 10})).expect(200)
    assert (await admin.get(path)).data["points"] == 14
    shown = (await admin.put(path, {"courses": {"data": [{"id": b, "_delete": True}]}})).expect(200).data
    assert shown["points"] == 10
    (await admin.delete(f"/course/{a}")).expect(200)
    assert (await admin.get(path)).data["points"] == 0


async def test_a_tree_is_summed_to_its_root(admin: Client) -> None:
    await admin.define(entity("node", integer("own", default=0), integer("sum"), reference("up_id")))
    await relates(admin, "kids", "node", "node", target_key="up_id", on_delete="cascade")
    await computes(admin, "node", "sum", "record.own + sum(related.kids, sum)", relation="kids")
    ids: list[str] = []
    for _ in range(4):
        ids.append(
            (await admin.post("/node", {"own": 1, **({"up_id": ids[-1]} if ids else {})})).expect(201).data["id"]
        )
    sums = [(await admin.get(f"/node/{each}")).data["sum"] for each in ids]
    assert sums == [4, 3, 2, 1]
    (await admin.put(f"/node/{ids[3]}", {"own": 10})).expect(200)
    assert (await admin.get(f"/node/{ids[0]}")).data["sum"] == 13
    (await admin.delete(f"/node/{ids[1]}")).expect(200)
    assert (await admin.get(f"/node/{ids[0]}")).data["sum"] == 1


async def test_circular_totals_end(admin: Client) -> None:
    await admin.define(entity("ring", integer("sum"), reference("up_id")))
    await relates(admin, "kids", "ring", "ring", target_key="up_id", on_delete="cascade")
    await computes(admin, "ring", "sum", "1 + sum(related.kids, sum)", relation="kids")
    row = (await admin.post("/ring", {})).expect(201).data
    refused = (await admin.put(f"/ring/{row['id']}", {"up_id": row["id"]})).expect(422)
    assert "come to rest" in refused.body["error"]["message"]
    assert (await admin.get(f"/ring/{row['id']}")).data == row


async def test_parent_rules_and_guards_see_the_new_total(shop: Client) -> None:
    limit = {"expression": "record.total > 100", "message": "too much"}
    await shop.define({"entity": "order", "hook": "before_write", "type": "expression", "definition": limit}, "rules")
    machine = {
        "initial": "draft",
        "transitions": [{"from": "draft", "to": "sent", "guard": "record.total > 50"}],
    }
    await shop.define({"entity": "order", "field": "status", "definition": machine}, "state-machines")
    order = await make(shop, 40)
    (await shop.put(f"/order/{order['id']}", {"status": "sent"})).expect(422)
    refused = (await shop.post("/line", {"amount": 61, "order_id": order["id"]})).expect(422)
    assert refused.details[0]["message"] == "too much"
    assert len(await lines_of(shop, order)) == 1, "the line is not there either"
    sent = (await shop.put(f"/order/{order['id']}", {"status": "sent", "lines": lines(20)})).expect(200).data
    assert (sent["status"], sent["total"]) == ("sent", 60)


async def test_totals_change_without_write_access_to_the_parent(shop: Client) -> None:
    order = await make(shop, 1)
    for action in ("create", "read"):
        await shop.grant("line", action, "clerk")
    await shop.grant("order", "read", "clerk", fields={"include": ["no"]})
    clerk = await shop.user("clerk@x.y", ["clerk"])
    (await clerk.post("/line", {"amount": 2, "order_id": order["id"]})).expect(201)
    assert await total(shop, order) == 3


async def test_workflows_and_webhooks_see_the_new_total(shop: Client, receiver: HttpReceiver) -> None:
    workflow = {
        "name": "approve",
        "trigger": {"type": "state_change", "entity": "order", "field": "status", "to": "sent"},
        "context": {"id": "record.id", "total": "record.total"},
        "steps": [
            {
                "id": "check", "type": "condition", "expression": "context.total > 50",
                "on_true": {"goto": "ask"}, "on_false": "end",
            },
            {"id": "ask", "type": "approval", "assignee": {"type": "role", "role": "boss"}},
        ],
    }  # fmt: skip
    machine = {"initial": "sent", "transitions": [{"from": "sent", "to": "done"}]}
    await shop.define({"entity": "order", "field": "status", "definition": machine}, "state-machines")
    await shop.define(workflow, "workflows")
    await shop.define({"entity": "order", "url": receiver.url}, "webhooks")
    order = await make(shop, 30, 30, status="sent")

    async def waits() -> Any:
        return (await shop.get("/_workflows/pending")).data

    (instance,) = await eventually(waits)
    assert instance["context"]["total"] == 60
    (await shop.post("/line", {"amount": 5, "order_id": order["id"]})).expect(201)
    await eventually(lambda: len(receiver.payloads) == 2)
    made, changed = receiver.payloads
    assert (made["action"], made["record"]["total"]) == ("create", 60)
    assert changed["changes"]["total"] == {"old": 60, "new": 65}


async def test_writes_of_workflows_update_totals(shop: Client) -> None:
    order = await make(shop, 1)
    (row,) = await lines_of(shop, order)
    machine = {"initial": "draft", "transitions": [{"from": "draft", "to": "sent"}]}
    await shop.define({"entity": "order", "field": "status", "definition": machine}, "state-machines")
    action = {"type": "set_field", "entity": "line", "record_id": row["id"], "field": "amount", "value": 42}
    workflow = {
        "name": "raise",
        "trigger": {"type": "state_change", "entity": "order", "field": "status", "to": "sent"},
        "context": {},
        "steps": [{"id": "set", "type": "action", "actions": [action]}],
    }
    await shop.define(workflow, "workflows")
    (await shop.put(f"/order/{order['id']}", {"status": "sent"})).expect(200)

    async def raised() -> bool:
        return await total(shop, order) == 42

    await eventually(raised)


async def test_racing_writers_of_children_leave_the_right_total(shop: Client) -> None:
    orders = [await make(shop, 0) for _ in range(3)]

    async def work(number: int) -> None:
        for step in range(6):
            order = orders[(number + step) % 3]
            made = (await shop.post("/line", {"amount": 1, "order_id": order["id"]})).expect(201).data
            (await shop.put(f"/line/{made['id']}", {"amount": 2})).expect(200)
            if step % 2:
                (await shop.put(f"/line/{made['id']}", {"order_id": orders[number % 3]["id"]})).expect(200)
            if step % 3 == 2:
                (await shop.delete(f"/line/{made['id']}")).expect(200)
            (await shop.put(f"/order/{order['id']}", {"no": str(step), "lines": lines(0.5)})).expect(200)

    await asyncio.gather(*(work(number) for number in range(6)))
    for order in orders:
        rows = (await shop.get(f"/line?filter[order_id]={order['id']}&per_page=100")).data
        shown = (await shop.get(f"/order/{order['id']}")).data
        assert (shown["total"], shown["count"]) == (sum(row["amount"] for row in rows), len(rows))
