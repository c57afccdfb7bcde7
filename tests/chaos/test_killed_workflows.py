"""The workflow and data services are killed ten times while schedules fire and purchases are approved."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import query
from tests.support.client import Client, entity, integer, text

RECORDS = 110
"""More than one page of records."""
EVERY_S = 3
KILLED = (("workflow", 0), ("data", 0), ("workflow", 0))
"""Which service is killed, and which replica, whenever a good part of another time's receipts is there."""
KILLED_SOON = (
    ("data", 1),
    ("workflow", 0),
    ("workflow", 0),
    ("data", 0),
    ("workflow", 0),
    ("data", 1),
    ("workflow", 0),
)
"""Those that are killed afterwards, as soon as another purchase is approved."""
PURCHASES = len(KILLED) + len(KILLED_SOON)
TRIES = (200, 403, 422, 502, 503, 504)
"""What may come of a decision: the service is away, or the first try has got through."""

INSTANCES = """
SELECT status, context ->> 'at' AS at, context ->> 'id' AS id FROM workflow.instances WHERE workflow_name = 'bill'
"""


def slip(step_id: str, what: str, **more: Any) -> dict[str, Any]:
    """A step that has an effect which would be seen twice."""
    fields = {"of": "{{ context.id }}", "what": what}
    return {"id": step_id, "type": "action", "actions": [{"type": "create_record", "entity": "slip", "fields": fields}],
            **more}  # fmt: skip


PURCHASE: dict[str, Any] = {
    "name": "purchase", "trigger": {"type": "record_created", "entity": "purchase"}, "context": {"id": "record.id"},
    "steps": [
        slip("asked", "asked", then={"goto": "ask"}),
        {"id": "ask", "type": "approval", "approvers": [{"role": "finance", "each": True}], "mode": {"quorum": 2},
         "on_approve": {"goto": "both"}},
        {"id": "both", "type": "parallel", "then": {"goto": "done"}, "branches": {
            "goods": {"steps": [{"id": "rest", "type": "wait", "for": "2s", "then": {"goto": "lines"}},
                                {"id": "lines", "type": "loop", "over": "record.lines",
                                 "steps": [slip("line", "line {{ item }}")]}]},
            "money": {"steps": [{"id": "reserve", "type": "sub_workflow", "workflow": "reserve",
                                 "context": {"id": "context.id"}}]}}},
        {"id": "done", "type": "action", "actions": [
            {"type": "send_event", "event": "bought", "payload": {"id": "{{ context.id }}"}},
            {"type": "set_field", "entity": "purchase", "record_id": "context.id", "field": "amount",
             "value": "{{ record.lines.0 }}"}]},
    ],
}  # fmt: skip
RESERVE = {"name": "reserve", "trigger": {"type": "manual"}, "inputs": {"id": {"type": "uuid"}},
           "steps": [slip("book", "reserved")]}  # fmt: skip
HEARD = {"name": "heard", "trigger": {"type": "event", "event": "bought"},
         "context": {"id": "trigger.event.metadata.id"}, "steps": [slip("note", "bought")]}  # fmt: skip
SLIPS = Counter(["asked", "line 7", "line 8", "reserved", "bought"])


class Purchases:
    """Purchases, with two people who approve them."""

    def __init__(self, admin: Client, people: list[Client]) -> None:
        self._admin, self._people = admin, people

    async def buy(self, count: int) -> list[str]:
        lines = {"lines": [7, 8]}
        return [(await self._admin.post("/purchase", lines)).expect(201).data["id"] for _ in range(count)]

    async def approve(self, purchase: str) -> None:
        """Approve one as soon as it waits for that, however often the services have to be asked."""

        async def approved() -> bool:
            found = await self._admin.get(f"/_workflows?workflow=purchase&record={purchase}")
            if found.status != 200 or not found.data or "approval" not in found.data[0]:
                return False
            path = f"/_workflows/{found.data[0]['id']}/approve"
            statuses = [(await person.post(path)).status for person in self._people]
            assert set(statuses) <= set(TRIES), statuses
            return statuses[-1] in (200, 422)

        await eventually(approved, within=60)

    async def end(self, purchases: list[str]) -> dict[str, Any]:
        """What has happened in each purchase, in each of its branches, once it has ended."""

        async def ended() -> dict[str, Any] | None:
            found = await self._admin.get("/_workflows?workflow=purchase&status=completed&per_page=100")
            done = {each["record_id"]: each for each in found.data} if found.status == 200 else {}
            return done if done.keys() >= set(purchases) else None

        done = await eventually(ended, within=90)
        return {purchase: self._shape(done[purchase]["history"]) for purchase in purchases}

    def _shape(self, history: list[dict[str, Any]]) -> dict[str, list[Any]]:
        shape: dict[str, list[Any]] = {}
        for each in history:
            who = (each["by"],) if each["status"] == "seat_approved" else ()
            shape.setdefault(each.get("scope", ""), []).append((each["step"], each["status"], *who))
        return shape


async def counted(admin: Client) -> int:
    """The receipts that there are."""
    found = await admin.get("/receipt/_aggregate?count=*")
    return int(found.data[0]["count"]) if found.status == 200 else 0


async def test_times_decisions_and_effects_count_once_whatever_is_killed(stack: Stack, admin: Client) -> None:
    await admin.define(entity("order", text("title")))
    await admin.define(entity("receipt", text("at"), text("order")))
    await admin.define(entity("purchase", {"name": "lines", "type": "json"}, integer("amount")))
    await admin.define(entity("slip", text("of"), text("what")))
    rows = [{"title": str(number)} for number in range(RECORDS)]
    (await admin.post("/order/_bulk", rows)).expect(201)
    people = [await admin.user(f"finance{number}@x.example", ["finance"]) for number in range(2)]
    for workflow in (RESERVE, HEARD, PURCHASE):
        await admin.define(workflow, "workflows")
    purchases = Purchases(admin, people)
    first, *bought = await purchases.buy(1 + PURCHASES)
    await purchases.approve(first)
    undisturbed = (await purchases.end([first]))[first]

    receipt = {
        "type": "create_record",
        "entity": "receipt",
        "fields": {"at": "{{ context.at }}", "order": "{{ context.id }}"},
    }
    bill = await admin.define({
        "name": "bill",
        "trigger": {"type": "schedule", "cron": f"*/{EVERY_S} * * * * *", "entity": "order"},
        "context": {"at": "trigger.at", "id": "trigger.record_id"},
        "steps": [{"id": "bill", "type": "action", "actions": [receipt]}],
    }, "workflows")  # fmt: skip
    for number, (service, replica) in enumerate(KILLED, 1):

        async def enough(most: int = RECORDS * number * 2 // 3) -> bool:
            return await counted(admin) >= most

        await eventually(enough, within=60)
        await purchases.approve(bought[number - 1])
        await stack.kill(service, replica)

    async def at_rest() -> bool:
        return (await admin.request("PATCH", f"/_admin/workflows/{bill['id']}", {"active": False})).status == 200

    await eventually(at_rest)
    for purchase, (service, replica) in zip(bought[len(KILLED) :], KILLED_SOON, strict=True):
        await purchases.approve(purchase)
        await stack.kill(service, replica)
    assert await purchases.end(bought) == dict.fromkeys(bought, undisturbed)
    await _check_effects(stack, admin, bought)
    await _check_times(stack, admin)


async def _check_effects(stack: Stack, admin: Client, bought: list[str]) -> None:
    """Each effect of a purchase is there once, those of its sub-workflow and of its event, too."""

    async def slips() -> dict[str, Counter[str]] | None:
        found: dict[str, Counter[str]] = {}
        for row in await query(stack, admin, "SELECT of, what FROM records.slips"):
            found.setdefault(row["of"], Counter())[row["what"]] += 1
        return found if sum(each.total() for each in found.values()) >= (PURCHASES + 1) * SLIPS.total() else None

    found = await eventually(slips, within=60)
    assert {purchase: found[purchase] for purchase in bought} == dict.fromkeys(bought, SLIPS)
    amounts = await query(stack, admin, "SELECT amount FROM records.purchases")
    assert {row["amount"] for row in amounts} == {7}


async def _check_times(stack: Stack, admin: Client) -> None:
    """Each time of the schedule has one instance and one receipt for each record."""

    async def ended() -> list[Any] | None:
        left = await query(stack, admin, "SELECT 1 FROM workflow.schedules")
        found = await query(stack, admin, INSTANCES)
        return found if not left and all(row["status"] == "completed" for row in found) else None

    found = await eventually(ended, within=90)
    fired = Counter((row["at"], row["id"]) for row in found)
    assert set(fired.values()) == {1}
    times = sorted({at for at, _ in fired})
    # No time was left out, and only the last may have been cut short when the workflow was put to rest.
    moments = [datetime.fromisoformat(at) for at in times]
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(seconds=EVERY_S)}
    assert {sum(at == each for at, _ in fired) for each in times[:-1]} == {RECORDS}
    receipts: Counter[tuple[str, str]] = Counter()
    for row in await query(stack, admin, 'SELECT at, "order" FROM records.receipts'):
        receipts[row["at"], row["order"]] += 1
    assert receipts == fired
