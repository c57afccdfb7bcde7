"""The overview counts what there is, what waits and what has failed, also while a service is away."""

from __future__ import annotations

from typing import Any

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_connection
from tests.support.client import Client, entity, integer, text

NOTE = entity("note", text("status"), integer("n"), soft_delete=True)
TRIGGER = {"type": "state_change", "entity": "note", "field": "status", "to": "sent"}
FLOW = {
    "name": "check",
    "trigger": TRIGGER,
    "context": {"id": "record.id"},
    "steps": [{"id": "wait", "type": "approval"}],
}
RULE = {"name": "mail", "entity": "note", "hook": "after_create", "channel": "email",
        "template": {"subject": "a", "body": "b"},
        "recipients": [{"role": "admin"}], "condition": "1 / record.n > 0"}  # fmt: skip


async def counts(admin: Client) -> dict[str, Any]:
    found = (await admin.get("/_admin/overview")).expect(200).data
    return {name: entry["count"] for name, entry in found.items()}


async def test_the_overview_counts_and_outlives_a_service(stack: Stack, admin: Client) -> None:
    empty = await counts(admin)
    assert empty == {
        "entities": 0, "records": 0, "users": 1, "pending_approvals": 0, "failed_deliveries": 0,
        "failed_notifications": 0, "failed_instances": 0, "dead_letters": 0, "lag": 0,
    }  # fmt: skip
    await admin.define(NOTE)
    await admin.define(entity("page", text("title")))
    await admin.define({"entity": "note", "field": "status", "definition": {
        "initial": "new", "transitions": [{"from": "new", "to": "sent"}]}}, "state-machines")  # fmt: skip
    await admin.define(FLOW, "workflows")
    await admin.define(RULE, "notification-rules")
    await admin.define({"entity": "note", "url": "http://127.0.0.1:1/", "retry": {"max_attempts": 1}}, "webhooks")
    made = [(await admin.post("/note", {"status": "new", "n": 0})).expect(201).data["id"] for _ in range(3)]
    (await admin.delete(f"/note/{made[2]}")).expect(200)
    (await admin.put(f"/note/{made[0]}", {"status": "sent"})).expect(200)

    async def settled() -> bool:
        now = await counts(admin)
        wanted = {"entities": 2, "records": 2, "pending_approvals": 1, "failed_notifications": 3,
                  "failed_deliveries": 4, "dead_letters": 0}  # fmt: skip
        assert {name: now[name] for name in wanted} == wanted
        return True

    await eventually(settled)
    found = (await admin.get("/_admin/overview")).expect(200).data
    assert found["records"]["by_entity"] == {"note": 2, "page": 0}
    for name, entry in found.items():
        listed = (await admin.get(entry["link"])).expect(200)
        if name.startswith("failed_") or name == "pending_approvals":
            assert listed.meta["total"] == entry["count"]
    async with app_connection(stack, admin) as connection:
        await connection.execute(
            "INSERT INTO gateway.users (id, email, password_hash) SELECT gen_random_uuid(), n || '@a.b', '' "
            "FROM generate_series(1, 10000) n"
        )
    users = (await admin.get("/_admin/overview")).data["users"]
    assert users == {"count": 10_000, "estimated": True, "link": "/_admin/users"}
    stack.pause("workflow")
    try:
        found = (await admin.get("/_admin/overview")).expect(200).data
    finally:
        stack.resume("workflow")
    away = {name for name, entry in found.items() if entry["count"] is None}
    assert {"pending_approvals", "failed_instances"} <= away
    assert away <= {"pending_approvals", "failed_instances", "dead_letters", "lag"}
    assert all(found[name]["error"]["code"] in ("TIMEOUT", "SERVICE_UNAVAILABLE") for name in away)
    user = await admin.user("ann@example.org", ["staff"])
    (await user.get("/_admin/overview")).expect(403)
