"""The workflow and data services are killed ten times while instances run: each ends as undisturbed, effects once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import query
from tests.support.client import Client, entity, integer, text
from tests.support.replays import verified

ORDERS = 40
KILLS = 10
KILLED = ("workflow", "data")
"""Which services are killed, in turn."""


def note(step_id: str, text_of: str, **more: Any) -> dict[str, Any]:
    fields = {"order": "{{ trigger.record_id }}", "what": text_of}
    return {"id": step_id, "type": "action", "actions": [{"type": "create_record", "entity": "note", "fields": fields}],
            **more}  # fmt: skip


FLOW = {
    "name": "busy",
    "trigger": {"type": "record_created", "entity": "order"},
    "context": {"parts": "record.parts"},
    "steps": [
        note("begin", "begun", then={"goto": "ask"}),
        {"id": "ask", "type": "approval", "approvers": [{"role": "boss"}, {"user": "ann@example.com"}], "mode": "all",
         "on_approve": {"goto": "both"}},
        {"id": "both", "type": "parallel", "then": {"goto": "end-note"}, "branches": {
            "parts": {"steps": [{"id": "each", "type": "loop", "over": "context.parts", "steps": [
                note("part", "part {{ item }}")]}]},
            "child": {"steps": [{"id": "sub", "type": "sub_workflow", "workflow": "child", "then": {"goto": "took"}},
                                note("took", "{{ steps.sub.status }}")]},
            "nap": {"steps": [{"id": "rest", "type": "wait", "for": "1s", "then": {"goto": "woke"}},
                              note("woke", "awake")]}}},
        note("end-note", "done"),
    ],
}  # fmt: skip
CHILD = {"name": "child", "trigger": {"type": "manual"}, "steps": [
    {"id": "nap", "type": "wait", "for": "1s", "then": {"goto": "mark"}}, note("mark", "child")]}  # fmt: skip
EXPECTED = Counter(["begun", "part 1", "part 2", "part 3", "child", "completed", "awake", "done"])


async def test_instances_end_as_if_nothing_had_been_killed(stack: Stack, admin: Client) -> None:
    await admin.define(entity("order", text("title"), {"name": "parts", "type": "json"}))
    await admin.define(entity("note", text("order"), text("what"), integer("n")))
    await admin.define(CHILD, "workflows")
    await admin.define(FLOW, "workflows")
    deciders = [await admin.user(f"{name}@example.com", ["boss"]) for name in ("ben", "ann")]
    rows = [{"title": str(number), "parts": [1, 2, 3]} for number in range(ORDERS)]
    (await admin.post("/order/_bulk", rows)).expect(201)
    orders = [str(row["id"]) for row in await query(stack, admin, "SELECT id FROM records.orders")]
    assert len(orders) == ORDERS
    for number in range(KILLS):

        async def enough(least: int = ORDERS * len(EXPECTED) * number // (KILLS + 1)) -> bool:
            await _decide_all(deciders)
            return await _notes(stack, admin) >= least

        await eventually(enough, within=90)
        await stack.kill(KILLED[number % len(KILLED)])

    async def ended() -> bool:
        await _decide_all(deciders)
        states = await query(stack, admin, "SELECT status, count(*) FROM workflow.instances GROUP BY status")
        return {row["status"]: row["count"] for row in states} == {"completed": 2 * ORDERS}

    await eventually(ended, within=120)
    found: dict[str, Counter[str]] = {order: Counter() for order in orders}
    for row in await query(stack, admin, 'SELECT "order", what FROM records.notes'):
        found[row["order"]][row["what"]] += 1
    assert {order: notes for order, notes in found.items() if notes != EXPECTED} == {}
    told = "SELECT array_agg(shown ->> 'status' ORDER BY shown ->> 'status') AS statuses FROM workflow.history h "
    told += (
        "WHERE shown IS NOT NULL AND instance_id IN (SELECT id FROM workflow.instances WHERE workflow_name = 'busy') "
    )
    shown = await query(stack, admin, f"{told} GROUP BY instance_id")
    assert len({tuple(row["statuses"]) for row in shown}) == 1, "every history tells the same"
    await verified(admin, "workflow", "records", within=120)


async def _decide_all(deciders: list[Client]) -> None:
    """Everybody approves what they may; what a killed service leaves unanswered is asked again."""
    for decider in deciders:
        waiting = await decider.get("/_workflows/pending?assignee=me&per_page=100")
        for instance in waiting.data if waiting.status == 200 else ():
            reply = await decider.post(f"/_workflows/{instance['id']}/approve")
            assert reply.status in (200, 422, 503, 504), reply.body


async def _notes(stack: Stack, admin: Client) -> int:
    return int((await query(stack, admin, "SELECT count(*) AS n FROM records.notes"))[0]["n"])
