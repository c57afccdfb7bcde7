"""Lists, histories, graphs and figures of instances; decisions about many; other versions of a definition."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from libs.shared import clock
from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, text
from tests.support.replays import verified

ASK = {
    "id": "ask", "type": "approval", "approvers": [{"role": "boss"}], "timeout": "240h",
    "form": [{"name": "why", "type": "string", "required": "reject"}],
    "on_approve": {"goto": "pay"}, "on_reject": "end",
}  # fmt: skip
LOOK = {"id": "look", "type": "condition", "expression": "context.amount > 10", "on_true": {"goto": "ask"},
        "on_false": {"goto": "pay"}}  # fmt: skip
PAID = {"type": "set_field", "entity": "bill", "record_id": "trigger.record_id", "field": "state", "value": "paid"}
PAY = {"id": "pay", "type": "action", "actions": [PAID]}


def bills(*steps: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "bills", "trigger": {"type": "record_created", "entity": "bill"},
        "context": {"amount": "record.amount"}, "steps": list(steps),
    }  # fmt: skip


class Shop:
    """An app in which bills are paid, with a boss, and a clerk who reads only the bills of the shop's own."""

    def __init__(self, admin: Client, boss: Client, clerk: Client, workflow: str) -> None:
        self.admin, self.boss, self.clerk, self.workflow = admin, boss, clerk, workflow

    async def bill(self, amount: int, kind: str = "own") -> dict[str, Any]:
        """A new bill, and the instance that it has started."""
        record = (await self.admin.post("/bill", {"amount": amount, "kind": kind})).expect(201).data

        async def started() -> Any:
            found = (await self.admin.get(f"/_workflows?record_id={record['id']}")).expect(200).data
            return found and (found[0]["status"] != "running" or found[0]["approvals"]) and found[0]

        instance: dict[str, Any] = await eventually(started)
        return instance


@pytest.fixture(scope="module")
async def shop(client: Client) -> Shop:
    admin = await client.new_app()
    await admin.define(entity("bill", {"name": "amount", "type": "int"}, text("kind"), text("state")))
    await admin.grant("bill", "read", "clerk", conditions=[{"field": "kind", "operator": "eq", "value": "own"}])
    await admin.grant("bill", "read", "boss")
    workflow = await admin.define(bills(LOOK, ASK, PAY), "workflows")
    return Shop(
        admin,
        await admin.user("boss@x.example", ["boss"]),
        await admin.user("clerk@x.example", ["clerk"]),
        workflow["id"],
    )


async def test_lists_hold_what_a_caller_may_see_and_are_filtered_and_sorted(shop: Shop) -> None:
    own, foreign = await shop.bill(50), await shop.bill(60, "foreign")
    small = await shop.bill(5)
    seen = (await shop.clerk.get("/_workflows?workflow=bills&sort=created_at")).expect(200)
    ids = [each["id"] for each in seen.data]
    assert {own["id"], small["id"]} <= set(ids) and foreign["id"] not in ids and seen.body["meta"]["total"] == len(ids)
    waiting = (await shop.boss.get("/_workflows?status=running&step=ask&entity=bill")).expect(200).data
    assert {own["id"], foreign["id"]} <= {each["id"] for each in waiting}
    assert {each["workflow_version"] for each in waiting} == {1}
    admin_id = (await shop.admin.get("/auth/me")).data["id"]
    assert (await shop.admin.get(f"/_workflows?initiator={admin_id}&per_page=1")).body["meta"]["total"] >= 3
    assert (await shop.admin.get(f"/_workflows?from={small['created_at']}")).data[-1]["id"] == small["id"]
    both = f"version=1&waiting_for=boss&due_before={clock.iso(clock.now() + timedelta(days=11))}"
    found = (await shop.admin.get(f"/_workflows?workflow=bills&overdue=false&{both}")).expect(200).data
    assert {own["id"], foreign["id"]} <= {each["id"] for each in found} and small["id"] not in str(found)
    for none in ("version=9", "waiting_for=clerk", f"due_before={small['created_at']}", "overdue=true"):
        assert (await shop.admin.get(f"/_workflows?{none}")).expect(200).data == [], none
    for wrong in ("version=x", "overdue=maybe", "due_before=soon"):
        assert (await shop.admin.get(f"/_workflows?{wrong}")).code == "INVALID_PAYLOAD", wrong
    assert (await shop.admin.get("/_workflows?sort=colour")).code == "UNKNOWN_FIELD"
    assert (await shop.admin.get("/_workflows?status=waiting")).code == "INVALID_PAYLOAD"
    assert (await shop.admin.get("/_workflows?worklow=bills")).code == "UNKNOWN_FIELD"
    pending = (await shop.boss.get("/_workflows/pending?assignee=me&workflow=bills")).expect(200).data
    assert {own["id"], foreign["id"]} <= {each["id"] for each in pending}
    assert (await shop.clerk.get("/_workflows/pending?assignee=me")).expect(200).data == []


async def test_delegated_approvals_are_pending_for_the_delegate(shop: Shop) -> None:
    instance = await shop.bill(70)
    clerk = (await shop.clerk.get("/auth/me")).data
    boss = (await shop.boss.get("/auth/me")).data
    until = clock.iso(clock.now() + timedelta(days=1))
    delegation = (await shop.boss.post("/_workflows/delegations", {"to": clerk["id"], "until": until})).expect(201).data
    (found,) = [
        each
        for each in (await shop.clerk.get("/_workflows/pending?assignee=me")).expect(200).data
        if each["id"] == instance["id"]
    ]
    assert found["on_behalf_of"] == [{"id": boss["id"], "email": boss["email"]}]
    (await shop.clerk.post(f"/_workflows/{instance['id']}/approve", {})).expect(200)
    history = (await shop.clerk.get(f"/_workflows/{instance['id']}/history?per_page=2")).expect(200)
    assert [each["status"] for each in history.data] == ["on_true", "approved"]
    assert history.data[1]["on_behalf_of"] == boss["id"] and history.body["meta"]["total"] >= 2
    (await shop.boss.delete(f"/_workflows/delegations/{delegation['id']}")).expect(200)


async def test_many_are_decided_each_for_itself(shop: Shop) -> None:
    first, second, third = [(await shop.bill(20 + number))["id"] for number in range(3)]
    (await shop.boss.post(f"/_workflows/{second}/approve")).expect(200)
    body = {"ids": [first, second, first, "nonsense"], "decision": "approve", "comment": "all good"}
    results = (await shop.boss.post("/_workflows/_bulk", body)).expect(200).data["results"]
    assert [(each["id"], each["status"]) for each in results] == [
        (first, "ok"), (second, "refused"), ("nonsense", "refused")]  # fmt: skip
    assert [each["error"]["code"] for each in results[1:]] == ["INVALID_STATE", "NOT_FOUND"]
    unsaid = (await shop.boss.post("/_workflows/_bulk", {"ids": [third], "decision": "reject"})).data["results"][0]
    assert unsaid["error"]["code"] == "VALIDATION_FAILED" and unsaid["error"]["details"][0]["field"] == "form.why"
    foreign = (await shop.clerk.post("/_workflows/_bulk", {"ids": [third], "decision": "cancel"})).data["results"][0]
    assert foreign["error"]["code"] == "FORBIDDEN"
    wrong = await shop.boss.post("/_workflows/_bulk", {"ids": [third], "decision": "aprove"})
    assert wrong.code == "VALIDATION_FAILED"


async def test_a_graph_tells_where_an_instance_is_and_was(shop: Shop) -> None:
    instance = await shop.bill(80)
    graph = (await shop.admin.get(f"/_workflows/{instance['id']}/graph")).expect(200).data
    statuses = {node["id"]: node["status"] for node in graph["nodes"]}
    assert statuses == {"look": "done", "ask": "waiting", "pay": "open", "end": "open"}
    taken = [(edge["from"], edge["to"]) for edge in graph["edges"] if edge["taken"]]
    assert taken == [("look", "ask")]
    assert (await shop.admin.get("/_workflows/nonsense/graph")).code == "NOT_FOUND"


async def test_instances_are_shown_as_they_were(shop: Shop) -> None:
    instance, foreign = await shop.bill(81), await shop.bill(82, "foreign")
    path, before = f"/_workflows/{instance['id']}", clock.iso(clock.now())
    seen = (await shop.clerk.get(path)).expect(200).data
    both = {"ids": [instance["id"], foreign["id"]], "decision": "approve"}
    (await shop.boss.post("/_workflows/_bulk", both)).expect(200)

    async def over() -> bool:
        found = [(await shop.admin.get(f"/_workflows/{each['id']}")).data["status"] for each in (instance, foreign)]
        return found == ["completed", "completed"]

    await eventually(over)
    then = (await shop.clerk.get(f"{path}?as_of={before}")).expect(200).data
    assert then == seen
    history = (await shop.clerk.get(f"{path}/history")).expect(200).data
    assert [(each["step"], each["status"]) for each in history] == [
        ("look", "on_true"), ("ask", "approved"), ("pay", "completed")]  # fmt: skip
    decided = (await shop.boss.get(f"{path}?as_of={history[1]['seq']}")).expect(200).data
    assert decided["history"][-1]["status"] == "approved" and decided["status"] == "running"
    assert [each["status"] for each in (await shop.admin.get(f"{path}/history?as_of={before}")).data] == ["on_true"]
    nodes = (await shop.admin.get(f"{path}/graph?as_of={before}")).expect(200).data["nodes"]
    assert {node["id"]: node["status"] for node in nodes} == {
        "look": "done", "ask": "waiting", "pay": "open", "end": "open"}  # fmt: skip
    # Who may not read the record sees no more of its past than of its present.
    bare = (await shop.clerk.get(f"/_workflows/{foreign['id']}?as_of={before}")).expect(200).data
    assert bare["context"] == {} and bare["approval"]["seats"] == []
    assert (await shop.clerk.get(f"/_workflows/{foreign['id']}/graph?as_of={before}")).code == "NOT_FOUND"

    listed = (await shop.clerk.get(f"/_workflows?as_of={before}&status=running&step=ask&sort=-updated_at")).expect(200)
    ids = [each["id"] for each in listed.data]
    assert ids[0] == instance["id"] and foreign["id"] not in ids and listed.body["meta"]["total"] == len(ids)
    waiting = (await shop.boss.get(f"/_workflows?as_of={before}&waiting_for=boss&overdue=false&version=1")).expect(200)
    assert {instance["id"], foreign["id"]} <= {each["id"] for each in waiting.data}
    assert (await shop.boss.get("/_workflows?as_of=2020-01-01T00:00:00Z")).expect(200).data == []
    assert (await shop.boss.get(f"{path}?as_of=2020-01-01T00:00:00Z")).code == "NOT_FOUND"
    for wrong in (f"{path}?as_of=999", f"{path}?as_of=2999-01-01T00:00:00Z", f"{path}?as_of=x", "/_workflows?as_of=3"):
        assert (await shop.admin.get(wrong)).code == "INVALID_PAYLOAD"


async def test_figures_count_what_a_caller_may_see(shop: Shop) -> None:
    await shop.bill(90, "foreign")
    paid = await shop.bill(1)
    every = (await shop.admin.get("/_workflows/kpis?workflow=bills&group_by=week")).expect(200).data
    assert every["instances"]["started"] == sum(
        every["instances"][name] for name in ("running", "completed", "failed", "cancelled"))  # fmt: skip
    assert sum(each["started"] for each in every["series"]) == every["instances"]["started"]
    ask = next(step for step in every["steps"] if step["step"] == "ask")
    assert ask["workflow"] == "bills" and ask["entered"] >= ask["open"] >= 1 and ask["timed_out"] == 0
    assert every["duration"]["p95"] >= every["duration"]["p50"] >= 0 and every["sla"]["breached"] == 0
    assert {"role": "boss"}.items() <= every["pending_by_approver"][0].items()
    fewer = (await shop.clerk.get("/_workflows/kpis?workflow=bills")).expect(200).data
    assert 0 < fewer["instances"]["started"] < every["instances"]["started"] and fewer["complete"]
    later = (await shop.admin.get("/_workflows/kpis?from=2099-01-01T00:00:00Z&to=2099-02-01T00:00:00Z")).data
    assert later["instances"]["started"] == 0 and later["duration"]["avg"] is None and later["steps"] == []
    assert (await shop.admin.get("/_workflows/kpis?group_by=year")).code == "INVALID_PAYLOAD"
    assert paid["status"] == "completed"


async def test_running_instances_move_to_another_version_that_has_a_place_for_them(shop: Shop) -> None:
    instance = await shop.bill(100)
    review = {**ASK, "id": "review", "approvers": [{"role": "clerk"}]}
    changed = bills({**LOOK, "on_true": {"goto": "review"}}, review, PAY)
    (await shop.admin.put(f"/_admin/workflows/{shop.workflow}", changed)).expect(200)
    migrate = f"/_admin/workflows/{shop.workflow}/migrate"
    lost = (await shop.admin.post(migrate, {"to_version": 2, "instance_ids": [instance["id"]]})).expect(200).data
    assert lost["migrated"] == 0 and not lost["results"][0]["ok"] and "ask" in lost["results"][0]["reason"]
    body = {"to_version": 2, "instance_ids": [instance["id"]], "mapping": {"ask": "review"}}
    preview = (await shop.admin.post(migrate, body)).expect(200).data
    assert preview == {"results": [{"instance_id": instance["id"], "step": "ask", "ok": True}], "migrated": 0}
    assert (await shop.admin.get(f"/_workflows/{instance['id']}")).data["current_step"] == "ask"
    assert (await shop.admin.post(migrate, {**body, "dry_run": False})).expect(200).data["migrated"] == 1
    moved = (await shop.admin.get(f"/_workflows/{instance['id']}")).expect(200).data
    assert (moved["current_step"], moved["workflow_version"], moved["history"][-1]["status"]) == (
        "review",
        2,
        "migrated",
    )
    assert (await shop.admin.post(migrate, {**body, "to_version": 9})).details[0]["field"] == "to_version"
    assert (await shop.admin.post(migrate, {**body, "mapping": {"ask": "revue"}})).details[0]["field"] == "mapping.ask"
    assert (await shop.boss.post(migrate, body)).code == "FORBIDDEN"
    (await shop.admin.put(f"/_admin/workflows/{shop.workflow}", bills(LOOK, ASK, PAY))).expect(200)
    await verified(shop.admin, "workflow")


async def test_a_definition_is_tried_on_past_instances(shop: Shop) -> None:
    approved, small = await shop.bill(30), await shop.bill(3)
    (await shop.boss.post(f"/_workflows/{approved['id']}/approve")).expect(200)

    async def over() -> bool:
        return bool((await shop.admin.get(f"/_workflows/{approved['id']}")).data["status"] == "completed")

    await eventually(over)
    simulate = f"/_admin/workflows/{shop.workflow}/simulate"
    same = (await shop.admin.post(simulate, {"definition": bills(LOOK, ASK, PAY)})).expect(200).data
    assert same["different"] == same["unknown"] == 0 and same["same"] >= 2 and same["complete"]
    assert all(step["was"] == step["would"] for step in same["steps"])
    assert {step["step"] for step in same["steps"]} >= {"look", "ask", "pay"}
    stricter = bills({**LOOK, "expression": "context.amount > 2"}, ASK, PAY)
    tried = (await shop.admin.post(simulate, {"definition": stricter, "sample": 500})).expect(200).data
    verdicts = {each["instance_id"]: each for each in tried["instances"]}
    assert verdicts[approved["id"]]["same"] is True
    assert verdicts[small["id"]]["same"] is None or verdicts[small["id"]]["differs_at"] == "look"
    wrong = await shop.admin.post(simulate, {"definition": {**stricter, "stepps": []}})
    assert wrong.code == "VALIDATION_FAILED" and "steps" in wrong.details[0]["message"]
