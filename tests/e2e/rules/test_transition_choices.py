"""The transitions of a record with the reasons against them, and state machines tried on what is stored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.client import Client, entity, integer, text
from tests.support.relations import allow, make, reference, where

NOBODY = "00000000-0000-4000-8000-000000000000"
MACHINE: dict[str, Any] = {
    "entity": "order", "field": "status", "definition": {"initial": "draft", "transitions": [
        {"from": "draft", "to": "sent", "guard": "record.amount > 0"},
        {"from": ["draft", "sent"], "to": "dropped", "roles": ["boss", "owner"]},
        {"from": "sent", "to": "paid", "guard": "record.margin >= 10"},
    ]},
}  # fmt: skip


@pytest.fixture(scope="module")
async def orders(common_admin: Client) -> Client:
    """The admin of an app with orders: those that sales may see are of their region."""
    fields = (text("status"), integer("amount"), integer("margin"), text("region"), reference("parent_id"))
    await common_admin.define(entity("order", *fields, soft_delete=True))
    await common_admin.define(MACHINE, "state-machines")
    return common_admin


@pytest.fixture(scope="module")
async def sales(orders: Client) -> Client:
    await orders.grant("order", "read", "sales", conditions=[where("region", "north")], fields={"exclude": ["margin"]})
    await allow(orders, "order", where("amount", 100, "lt"), action="update")
    return await orders.user("sales@example.com", ["sales"])


async def choices(caller: Client, record: Any) -> dict[tuple[str | None, str], Any]:
    rows = (await caller.get(f"/order/{record['id']}/transitions")).expect(200).data
    assert all(row["field"] == "status" and bool(row.get("reason")) is not row["allowed"] for row in rows)
    assert all(bool(row.get("message")) is not row["allowed"] for row in rows)
    return {(row["from"], row["to"]): row for row in rows}


async def test_every_transition_says_whether_the_caller_may_take_it(orders: Client, sales: Client) -> None:
    order = await make(orders, "order", amount=0, region="north", margin=1)
    found = await choices(sales, order)
    assert list(found)[:2] == [("draft", "sent"), ("draft", "dropped")], "those of the present state come first"
    reasons = {move: row.get("reason", "") for move, row in found.items()}
    assert reasons == {
        ("draft", "sent"): "guard", ("draft", "dropped"): "role",
        ("sent", "dropped"): "state", ("sent", "paid"): "state",
    }  # fmt: skip
    assert found["draft", "sent"]["guard"] == "record.amount > 0"
    assert found["draft", "dropped"]["roles"] == ["boss", "owner"]
    (await orders.put(f"/order/{order['id']}", {"amount": 5})).expect(200)
    assert (await choices(sales, order))["draft", "sent"]["allowed"] is True
    (await sales.put(f"/order/{order['id']}", {"status": "sent"})).expect(200)
    found = await choices(sales, order)
    # A guard about a field that the caller may not see is not shown to them.
    assert found["sent", "paid"]["reason"] == "guard" and "guard" not in found["sent", "paid"]
    assert (await choices(orders, order))["sent", "paid"]["guard"] == "record.margin >= 10"
    (await orders.put(f"/order/{order['id']}", {"amount": 500})).expect(200)
    assert (await choices(sales, order))["sent", "paid"]["reason"] == "permission"


async def test_rules_and_hidden_records_count(orders: Client, sales: Client) -> None:
    order = await make(orders, "order", amount=7, region="north", margin=20)
    rule = {"expression": "record.status == 'sent' && record.amount == 7", "message": "Seven is never sent"}
    made = await orders.define(
        {"entity": "order", "hook": "before_write", "type": "expression", "definition": rule}, "rules"
    )
    refused = (await choices(sales, order))["draft", "sent"]
    assert (refused["allowed"], refused["reason"], refused["message"]) == (False, "rule", "Seven is never sent")
    (await orders.delete(f"/_admin/rules/{made['id']}")).expect(200)
    elsewhere = await make(orders, "order", amount=7, region="south")
    for path in (f"/order/{elsewhere['id']}/transitions", f"/order/{NOBODY}/transitions"):
        assert (await sales.get(path)).expect(404).code == "NOT_FOUND"
    (await orders.delete(f"/order/{elsewhere['id']}")).expect(200)
    (await orders.get(f"/order/{elsewhere['id']}/transitions")).expect(404)
    (await orders.get(f"/order/{order['id']}/transitions?state=x")).expect(400)


async def test_a_machine_is_tried_on_what_is_stored(admin: Client) -> None:
    await admin.define(entity("order", text("status"), integer("amount"), soft_delete=True))
    rows = [{"status": state, "amount": n} for n, state in enumerate(["draft", "draft", "sent", "lost", "lost", None])]
    ids = (await admin.post("/order/_bulk", rows)).expect(201).data["ids"]
    body = MACHINE["definition"]
    tried = {**MACHINE, "definition": {**body, "transitions": [
        body["transitions"][0], body["transitions"][1],
        {"from": "sent", "to": "paid", "guard": "len(record.status) > 9"},
    ]}}  # fmt: skip
    found = (await admin.post("/_admin/state-machines/try", tried)).expect(200).data
    assert found["records"] == 6 and found["complete"] is True
    states = {row["state"]: (row["records"], row["known"]) for row in found["states"]}
    assert states == {"draft": (2, True), "lost": (2, False), "sent": (1, True), None: (1, True)}
    assert found["unknown"] == {"records": 2, "ids": sorted(ids[3:5])}
    moves = [(row["from"], row["to"], row["records"], row["refused"], row["ids"]) for row in found["transitions"]]
    assert moves == [
        (["draft"], "sent", 2, 1, [ids[0]]), (["draft", "sent"], "dropped", 3, 0, []),
        (["sent"], "paid", 1, 1, [ids[2]]),
    ]  # fmt: skip
    stored = await admin.define(tried, "state-machines")
    row = (await admin.get(f"/_admin/state-machines/{stored['id']}")).expect(200).data
    assert (await admin.post("/_admin/state-machines/try", row)).expect(200).data == found
    for wrong, field in (
        ({"entity": "oder"}, "entity"), ({"field": "stats"}, "field"), ({"field": "amount"}, "field"),
        ({"definition": {"initial": "x"}}, "definition.transitions"), ({"entiti": 1}, "entiti"),
    ):  # fmt: skip
        reply = (await admin.post("/_admin/state-machines/try", {**tried, **wrong})).expect(422)
        assert field in [detail["field"] for detail in reply.details]
