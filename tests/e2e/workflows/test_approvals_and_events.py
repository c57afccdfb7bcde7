"""Approvals, business events and statistics through the REST API."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_row
from tests.support.approvals import LEAVE, approval
from tests.support.client import Client, entity, text
from tests.support.locks import holding


async def _status(admin: Client, record: dict[str, Any], status: str) -> None:
    async def reached() -> bool:
        return bool((await admin.get(f"/leave/{record['id']}")).data["status"] == status)

    await eventually(reached)


async def _pending(caller: Client, query: str = "") -> Any:
    async def waiting() -> Any:
        return (await caller.get(f"/_workflows/pending{query}")).data

    (instance,) = await eventually(waiting)
    return instance


async def test_writes_of_steps_update_slugs(common_admin: Client) -> None:
    admin = common_admin
    slug = {"field": "slug", "source": "title", "regenerate_on_update": True}
    fields = (text("title"), text("slug", unique=True), text("status", default="draft"))
    await admin.define(entity("page", *fields, slug=slug))
    action = {
        "type": "set_field", "entity": "page", "record_id": "context.id", "field": "title", "value": "Second Title",
    }  # fmt: skip
    trigger = {"type": "state_change", "entity": "page", "field": "status", "to": "pending"}
    step = {"id": "rename", "type": "action", "actions": [action], "then": {"goto": "end"}}
    workflow = {"name": "renames", "trigger": trigger, "context": {"id": "record.id"}, "steps": [step]}
    await admin.define(workflow, "workflows")
    page = (await admin.post("/page", {"title": "First", "status": "pending"})).expect(201).data
    assert page["slug"] == "first"

    async def renamed() -> bool:
        now = (await admin.get(f"/page/{page['id']}")).data
        return (now["title"], now["slug"]) == ("Second Title", "second-title")

    await eventually(renamed)


async def test_short_leaves_are_approved_at_once_and_others_by_the_assignee(admin: Client) -> None:
    await admin.define(LEAVE)
    await admin.define(approval(), "workflows")
    short = (await admin.post("/leave", {"status": "pending", "days": 2})).data
    await _status(admin, short, "approved")
    manager, other = await admin.user("boss@example.com", ["manager"]), await admin.user("ann@example.com", ["staff"])
    record = (await admin.post("/leave", {"status": "pending", "days": 10})).data
    instance = await _pending(manager, "?assignee=me")
    assert instance["current_step"] == "review" and instance["current_step_deadline"] is None
    assert (await other.get("/_workflows/pending?assignee=me")).data == []
    (await other.post(f"/_workflows/{instance['id']}/approve")).expect(403)
    decided = (await manager.post(f"/_workflows/{instance['id']}/reject")).expect(200).data
    assert [(step["step"], step["status"]) for step in decided["history"]][:2] == [
        ("check", "on_true"), ("review", "rejected"),
    ]  # fmt: skip
    assert (await manager.post(f"/_workflows/{instance['id']}/approve")).expect(422).code == "INVALID_STATE"
    await _status(admin, record, "rejected")
    (await manager.post("/_workflows/nope/approve")).expect(404)


TWICE = {
    "name": "twice",
    "trigger": {"type": "state_change", "entity": "leave", "field": "status", "to": "pending"},
    "steps": [
        {"id": "first", "type": "approval", "on_approve": {"goto": "second"}, "on_reject": {"goto": "end"}},
        {"id": "second", "type": "approval", "on_approve": {"goto": "end"}, "on_reject": {"goto": "end"}},
    ],
}


@pytest.fixture(scope="module")
async def twice(common_admin: Client) -> Client:
    """The admin of an app in which leaves are decided twice."""
    await common_admin.define(LEAVE)
    await common_admin.define(TWICE, "workflows")
    return common_admin


async def _at_first(admin: Client) -> Any:
    """An instance that waits for the first of two decisions."""
    record = (await admin.post("/leave", {"status": "pending"})).expect(201).data

    async def waiting() -> Any:
        return (await admin.get(f"/_workflows?record={record['id']}&step=first")).expect(200).data

    (instance,) = await eventually(waiting)
    return instance


@pytest.mark.parametrize("verb", ["approve", "reject"])
async def test_a_decision_applies_to_the_current_step(stack: Stack, twice: Client, verb: str) -> None:
    admin, instance = twice, await _at_first(twice)
    path, database = f"/_workflows/{instance['id']}", (await app_row(stack, admin))["database"]
    lock = "SELECT FROM workflow.instances WHERE id = $1 FOR UPDATE"
    async with holding(stack, database, lock, uuid.UUID(instance["id"])) as held_up:
        first = asyncio.create_task(admin.post(f"{path}/approve"))
        await held_up(1)
        second = asyncio.create_task(admin.post(f"{path}/{verb}"))
        await held_up(2)
    (await first).expect(200)
    assert (await second).expect(422).code == "INVALID_STATE"
    shown = (await admin.get(path)).expect(200).data
    assert (shown["status"], shown["current_step"]) == ("running", "second")
    assert [(entry["step"], entry["status"]) for entry in shown["history"]] == [("first", "approved")]


async def test_a_decision_may_name_its_step(twice: Client) -> None:
    admin, instance = twice, await _at_first(twice)
    path = f"/_workflows/{instance['id']}"
    for verb in ("approve", "reject"):
        for wrong in ("second", "none", ""):
            assert (await admin.post(f"{path}/{verb}", {"step": wrong})).expect(422).code == "INVALID_STATE"
    assert (await admin.post(f"{path}/approve", {"step": 1})).expect(422).details[0]["field"] == "step"
    assert (await admin.get(path)).data["current_step"] == "first"
    said = {"step": "first", "comment": "fine"}
    assert (await admin.post(f"{path}/approve", said)).expect(200).data["current_step"] == "second"
    assert (await admin.post(f"{path}/approve", said)).expect(422).code == "INVALID_STATE"
    done = (await admin.post(f"{path}/reject", {"step": "second"})).expect(200).data
    assert [(entry["step"], entry["status"], entry.get("comment")) for entry in done["history"]] == [
        ("first", "approved", "fine"), ("second", "rejected", None),
    ]  # fmt: skip


async def test_an_overdue_approval_follows_its_timeout(admin: Client) -> None:
    await admin.define(LEAVE)
    # Long enough for a slow machine to see that it waits.
    await admin.define(approval("3s"), "workflows")
    record = (await admin.post("/leave", {"status": "pending", "days": 10})).data
    assert (await _pending(admin))["current_step_deadline"]
    await _status(admin, record, "rejected")


async def test_business_events_are_listed(admin: Client) -> None:
    user = await admin.user("ann@example.com", [])
    (await user.post("/_events", {"entity": "leave"})).expect(422)
    sent = {"action": "leave.viewed", "entity": "leave", "record_id": "7", "metadata": {"from": "mail"}}
    reply = (await user.post("/_events", sent)).expect(201)
    assert reply.data["trace_id"] == reply.headers["X-Trace-ID"]
    (await user.get("/_events")).expect(403)
    (event,) = (await admin.get("/_events?action=leave.*&event_type=business")).data
    assert {name: event[name] for name in sent} == sent

    async def counted() -> bool:
        stats = (await admin.get("/_events/stats")).expect(200).body
        return bool(stats.get("data", stats)["summary"]["total_events"] > 1)

    await eventually(counted)


async def test_effects_of_a_decision_act_on_behalf_of_the_decider(admin: Client, stack: Stack) -> None:
    await admin.define(LEAVE)
    await admin.define(approval(), "workflows")
    for action in ("read", "create"):
        await admin.grant("leave", action, "staff", "manager")
    manager, ann = await admin.user("boss@example.com", ["manager"]), await admin.user("ann@example.com", ["staff"])
    people = {user["email"]: user["id"] for user in (await admin.get("/_admin/users")).data}
    boss, starter = people["boss@example.com"], people["ann@example.com"]
    small = (await ann.post("/leave", {"status": "pending", "days": 1})).expect(201).data
    large = (await ann.post("/leave", {"status": "pending", "days": 10})).expect(201).data
    instance = await _pending(manager, "?assignee=me")
    (await manager.post(f"/_workflows/{instance['id']}/reject")).expect(200)
    await _status(admin, large, "rejected")
    await eventually(lambda: _moved(admin, small))
    for record, person in ((large, boss), (small, starter)):
        newest, *_, first = (await ann.get(f"/leave/{record['id']}/history")).expect(200).data
        assert newest["user"]["id"] == newest["on_behalf_of"] == person
        assert newest["cause"] == f"workflow:{approval()['name']}"
        assert first["user"]["id"] == starter and not {"cause", "on_behalf_of"} & set(first)
        commit = (await admin.get(f"/_commits/{newest['commit_id']}")).expect(200).data
        assert (commit["user"]["id"], commit["on_behalf_of"]) == (person, person)

        async def audited(record: Any = record) -> Any:
            rows = (await admin.get(f"/_admin/audit-logs?record_id={record['id']}&sort=-timestamp")).expect(200).data
            return rows if len(rows) == 2 else None

        row, created = await eventually(audited)
        assert (row["user_id"], row["on_behalf_of"], row["cause"]) == (person, person, newest["cause"])
        assert (created["user_id"], created["on_behalf_of"], created["cause"]) == (starter, None, None)


async def _moved(admin: Client, record: Any) -> bool:
    return bool((await admin.get(f"/leave/{record['id']}")).data["status"] != "pending")
