"""What workflows do to records: with the definition's authority, once per effect key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import AppRef, Context, Identity
from libs.shared.contracts.effects import (
    AddRecord,
    Effected,
    FetchRecords,
    MoveState,
    PageRecords,
    RemoveRecord,
    SetFields,
)
from libs.shared.contracts.messages import Request
from libs.shared.errors import RocketError
from libs.shared.ids import random_uuid
from tests.support.client import Client, entity, text
from tests.support.replays import verified
from tests.support.services import app_of, inside

CLERK = Identity("0190b6c0-0000-7000-8000-000000000003", "clerk@example.com", ("clerk",), "workflow", "clerk-id")


class Flow:
    """Asks as the workflow service does, on behalf of a clerk who may do nothing themselves."""

    def __init__(self, rpc: RpcClient, app: AppRef) -> None:
        self._rpc, self._app = rpc, app

    async def ask(self, request: Request[Any]) -> Any:
        context = Context(random_uuid(), app=self._app, identity=CLERK, cause="workflow:pay", cause_depth=3)
        return await self._rpc.request(request, context.within(10))

    async def refused(self, request: Request[Any]) -> RocketError:
        with pytest.raises(RocketError) as found:
            await self.ask(request)
        return found.value


@pytest.fixture(scope="module")
async def admin(client: Client) -> Client:
    """An app of orders with lines: rules, a state machine, computed fields, totals and slugs."""
    admin = await client.new_app()
    amount = {"name": "amount", "type": "decimal", "precision": 2}
    fields = (
        text("title", required=True), text("slug", unique=True), text("status"), amount,
        {"name": "tax", "type": "decimal", "precision": 2}, {"name": "total", "type": "decimal", "precision": 2},
        {"name": "due", "type": "date"}, {"name": "paid_at", "type": "timestamp"},
    )  # fmt: skip
    await admin.define(entity("order", *fields, slug={"field": "slug", "source": "title"}))
    await admin.define(entity("line", {"name": "order_id", "type": "uuid"}, amount))
    await admin.define(
        {
            "name": "lines", "type": "one_to_many", "source": "order", "target": "line", "source_key": "id",
            "target_key": "order_id", "on_delete": "restrict",
        },
        "relations",
    )  # fmt: skip
    await admin.define(entity("receipt", text("order_title")))
    rules: list[dict[str, Any]] = [
        {"hook": "before_write", "type": "field", "definition": {"field": "amount", "operator": "max", "value": 100}},
        {
            "hook": "before_write", "type": "computed",
            "definition": {"field": "tax", "expression": "record.amount * 0.2"},
        },
        {
            "hook": "before_write", "type": "computed",
            "definition": {
                "field": "total", "expression": "sum(related.lines, amount)", "related_load": [{"relation": "lines"}]
            },
        },
        {
            "hook": "before_delete", "type": "expression",
            "definition": {"expression": "old.status == 'paid'", "message": "paid orders stay"},
        },
    ]  # fmt: skip
    for rule in rules:
        await admin.define({"entity": "order", **rule}, "rules")
    receipt = {"type": "create_record", "entity": "receipt", "fields": {"order_title": "{{ record.title }}"}}
    transitions = [
        {
            "from": "open", "to": "paid", "roles": ["boss"], "guard": "record.amount > 0",
            "actions": [{"type": "set_field", "field": "paid_at", "value": "now"}, receipt],
        },
    ]  # fmt: skip
    machine = {"initial": "open", "transitions": transitions}
    await admin.define({"entity": "order", "field": "status", "definition": machine}, "state-machines")
    return admin


@pytest.fixture
async def flow(stack: Stack, admin: Client) -> AsyncIterator[Flow]:
    async with inside(stack, "workflow") as rpc:
        yield Flow(rpc, await app_of(stack, admin))


async def created(flow: Flow, **values: Any) -> Effected:
    effected: Effected = await flow.ask(AddRecord("order", {"title": "Chairs", "amount": 10, **values}, random_uuid()))
    return effected


async def test_created_records_bypass_rules_but_keep_what_is_computed(admin: Client, flow: Flow) -> None:
    first = await created(flow, amount=5000)  # beyond the rule's maximum
    second = await created(flow, status="paid")  # not the machine's initial state
    assert first.record is not None and second.record is not None
    assert (first.record["slug"], second.record["slug"]) == ("chairs", "chairs-2")
    assert (first.record["status"], second.record["status"]) == ("open", "paid")
    assert (float(first.record["tax"]), float(second.record["tax"])) == (1000, 2)
    line = await flow.ask(AddRecord("line", {"order_id": first.record_id, "amount": 7}, random_uuid()))
    shown = (await admin.get(f"/order/{first.record_id}")).expect(200).data
    assert shown["total"] == 7 and shown["slug"] == first.record["slug"]
    (entry,) = (await admin.get(f"/line/{line.record_id}/history")).data
    assert (entry["user"]["email"], entry["cause"]) == (CLERK.email, "workflow:pay")
    assert entry["on_behalf_of"] == CLERK.on_behalf_of
    missing = await flow.refused(AddRecord("line", {"order_id": random_uuid(), "amount": 1}, random_uuid()))
    assert (missing.code, missing.details[0]["field"]) == ("VALIDATION_FAILED", "order_id")
    unknown = await flow.refused(AddRecord("order", {"title": "x", "titel": "y"}, random_uuid()))
    assert unknown.details[0]["field"] == "titel"


async def test_a_repeated_effect_has_the_answer_of_the_first(admin: Client, flow: Flow) -> None:
    key = random_uuid()
    request = AddRecord("order", {"title": "Desk", "amount": 1}, key, now=["due", "paid_at"])
    outcomes = await asyncio.gather(*(flow.ask(request) for _ in range(4)))
    first = next(each for each in outcomes if not each.repeated)
    assert sum(not each.repeated for each in outcomes) == 1
    (await admin.put(f"/order/{first.record_id}", {"amount": 2})).expect(200)
    again = await flow.ask(request)
    assert again.repeated and (again.record_id, again.record) == (first.record_id, first.record)
    assert len((await admin.get("/order?filter[title]=Desk")).data) == 1
    update = SetFields("order", first.record_id, {"title": "Table", "amount": 3}, random_uuid())
    changed = await flow.ask(update)
    assert changed.record["title"] == "Table" and float(changed.record["tax"]) == 0.6
    (await admin.delete(f"/order/{first.record_id}")).expect(200)
    # Even where the first time could not happen any more.
    assert (await flow.ask(update)).record == changed.record
    gone = await flow.ask(SetFields("order", first.record_id, {"title": "x"}, random_uuid()))
    assert gone.record is None and gone.commit_position == 0


async def test_transitions_run_guards_and_actions_whatever_the_roles(admin: Client, flow: Flow) -> None:
    order, empty = await created(flow, title="Lamp"), await created(flow, title="Gift", amount=0)
    key = random_uuid()
    paid = await flow.ask(MoveState("order", order.record_id, "paid", key))
    assert paid.record["status"] == "paid" and paid.record["paid_at"] is not None
    again = await flow.ask(MoveState("order", order.record_id, "paid", key))
    assert again.repeated and again.record == paid.record
    assert len((await admin.get("/receipt?filter[order_title]=Lamp")).data) == 1
    guarded = await flow.refused(MoveState("order", empty.record_id, "paid", random_uuid(), "status"))
    assert guarded.code == "VALIDATION_FAILED" and "guard" in guarded.message
    none = await flow.refused(MoveState("order", order.record_id, "open", random_uuid()))
    assert none.details[0]["rule"] == "state_machine" and "can't change from paid to open" in none.message
    for request in (
        MoveState("order", order.record_id, "paid", random_uuid(), "title"),
        MoveState("receipt", order.record_id, "paid", random_uuid()),
    ):
        assert "no state machine" in (await flow.refused(request)).message
    lost = await flow.refused(MoveState("order", random_uuid(), "paid", random_uuid()))
    assert lost.code == "NOT_FOUND"


async def test_deletions_are_held_to_rules_and_relations(admin: Client, flow: Flow) -> None:
    order, paid = await created(flow, title="Sofa"), await created(flow, title="Bed", status="paid")
    await flow.ask(AddRecord("line", {"order_id": order.record_id, "amount": 1}, random_uuid()))
    assert (await flow.refused(RemoveRecord("order", order.record_id, random_uuid()))).code == "CONFLICT"
    assert "paid orders stay" in (await flow.refused(RemoveRecord("order", paid.record_id, random_uuid()))).message
    (line,) = (await admin.get(f"/line?filter[order_id]={order.record_id}")).data
    await flow.ask(RemoveRecord("line", line["id"], random_uuid()))
    request = RemoveRecord("order", order.record_id, random_uuid())
    removed, again = await flow.ask(request), await flow.ask(request)
    assert removed.record["title"] == "Sofa" and again.record == removed.record and again.repeated
    assert (await flow.ask(RemoveRecord("order", order.record_id, random_uuid()))).record is None
    assert (await flow.refused(RemoveRecord("order", random_uuid(), random_uuid()))).code == "NOT_FOUND"
    await verified(admin, "records")


async def test_records_are_fetched_and_paged_without_permissions(flow: Flow) -> None:
    orders = [await created(flow, title=f"Page {n}") for n in range(3)]
    ids = [order.record_id for order in orders]
    wanted = [("order", ids[0]), ("order", random_uuid()), ("nothing", ids[0]), ("order", "x"), ("order", ids[1])]
    fetched = await flow.ask(FetchRecords(wanted, {"order": ["title", "amount"]}))
    assert [record and record["title"] for record in fetched.records] == ["Page 0", None, None, None, "Page 1"]
    assert set(fetched.records[0]) == {"title", "amount"}
    found: list[str] = []
    after = ""
    for _ in range(3):
        page = await flow.ask(PageRecords("order", {"title.like": "Page %", "amount.gte": 10}, after, limit=1))
        found, after = [*found, *page.ids], page.after
    assert found == sorted(ids) and after == ""
    assert (await flow.refused(PageRecords("order", {"titel": "x"}))).code == "UNKNOWN_FIELD"
