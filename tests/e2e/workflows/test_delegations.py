"""Delegations: who decides in whose place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.embedded.stack import Stack
from libs.shared import clock
from libs.shared.testing.polling import eventually
from services.workflow.delegations.store import DELEGATIONS
from tests.support.app_database import query
from tests.support.client import Client, entity, text

PATH = "/_workflows/delegations"


def at(**later: float) -> str:
    return (datetime.now(UTC) + timedelta(**later)).isoformat()


async def test_users_delegate_their_own_decisions_and_admins_those_of_others(stack: Stack, admin: Client) -> None:
    await admin.define(entity("order", text("title")))
    ask = {"id": "ask", "type": "approval", "assignee": {"type": "role", "role": "boss"}}
    flow = await admin.define({"name": "approve", "trigger": {"type": "manual"}, "steps": [ask]}, "workflows")
    roles = {"boss": ["boss"], "deputy": [], "other": []}
    boss, deputy, other = [await admin.user(f"{name}@example.com", roles[name]) for name in roles]
    holiday = {"to": "deputy@example.com", "until": at(days=7), "workflows": ["approve"], "reason": "holiday"}
    made = (await boss.post(PATH, holiday)).expect(201).data
    assert (made["from"]["email"], made["to"]["email"]) == ("boss@example.com", "deputy@example.com")
    assert (made["workflows"], made["active"], made["reason"]) == (["approve"], True, "holiday")
    later = (await boss.post(PATH, {"to": made["to"]["id"], "from_time": at(days=8), "until": at(days=9)})).expect(201)
    assert (later.data["active"], later.data["workflows"]) == (False, None)

    # Everybody sees what they have given and received; admins see all.
    assert {row["id"] for row in (await deputy.get(PATH)).data} == {made["id"], later.data["id"]}
    assert [row["id"] for row in (await boss.get(f"{PATH}?active=true")).data] == [made["id"]]
    assert (await other.get(PATH)).data == []
    (await other.get(f"{PATH}?all=true")).expect(403)
    assert len((await admin.get(f"{PATH}?all=true")).data) == 2

    # The delegate hears of what is asked of the delegator, sees it, and decides in their place.
    instance = (await admin.post("/_workflows/start", {"workflow": "approve"})).expect(201).data

    async def asked() -> Any:
        return (await deputy.get("/_notifications")).data

    assert [row["subject"] for row in await eventually(asked)] == ["approve: a decision is awaited"]
    (await other.post(f"/_workflows/{instance['id']}/approve")).expect(403)
    decided = (await deputy.post(f"/_workflows/{instance['id']}/approve")).expect(200).data
    entry = next(each for each in decided["history"] if each["status"] == "approved")
    assert (entry["by"], entry["on_behalf_of"]) == (made["to"]["id"], made["from"]["id"])

    # The engine asks by user and time; nothing is passed on.
    rows = await query(stack, admin, DELEGATIONS, made["to"]["id"], clock.now())
    assert [(row["from_id"], row["workflow_ids"]) for row in rows] == [(made["from"]["id"], [flow["id"]])]
    (await deputy.post(PATH, {"to": "other@example.com", "until": at(days=1)})).expect(201)
    other_id = (await other.get("/auth/me")).data["id"]
    rows = await query(stack, admin, DELEGATIONS, other_id, clock.now())
    assert [row["from_id"] for row in rows] == [made["to"]["id"]]

    (await other.post(PATH, {"from": "boss@example.com", "to": "other@example.com", "until": at(days=1)})).expect(403)
    given = await admin.post(PATH, {"from": "other@example.com", "to": "boss@example.com", "until": at(days=1)})
    assert given.expect(201).data["from"]["email"] == "other@example.com"
    (await deputy.delete(f"{PATH}/{made['id']}")).expect(404)
    (await boss.delete(f"{PATH}/{made['id']}")).expect(200)
    (await admin.delete(f"{PATH}/{later.data['id']}")).expect(200)
    (await boss.delete(f"{PATH}/{made['id']}")).expect(404)

    async def audited() -> Any:
        rows = (await admin.get("/_admin/audit-logs?entity=_delegations")).data
        return rows if len(rows) == 6 else None

    assert {row["action"] for row in await eventually(audited)} == {"create", "delete"}

    for wrong, field in (
        ({"to": "nobody@example.com", "until": at(days=1)}, "to"),
        ({"to": "boss@example.com", "until": at(days=1)}, "to"),
        ({"to": "deputy@example.com"}, "until"),
        ({"to": "deputy@example.com", "until": at(days=-1)}, "until"),
        ({"to": "deputy@example.com", "until": at(days=400)}, "until"),
        ({"to": "deputy@example.com", "from_time": at(days=-2), "until": at(days=1)}, "from_time"),
        ({"to": "deputy@example.com", "until": at(days=1), "workflows": ["aprove"]}, "workflows.0"),
        ({"to": "deputy@example.com", "until": at(days=1), "forever": True}, "forever"),
    ):
        refused = (await boss.post(PATH, wrong)).expect(422)
        assert [detail["field"] for detail in refused.details] == [field], refused.body
