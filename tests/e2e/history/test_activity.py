"""The activity of a record: changes, states, comments and steps of workflows, as far as they may be read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from services.events.activity_store import of_record_sql
from tests.support.app_database import app_connection
from tests.support.client import Client, entity, integer, text
from tests.support.replays import finished, verified

ORDER = entity(
    "order", text("title"), text("status", default="draft"), integer("amount"), text("secret"),
    {"name": "changed_at", "type": "timestamp", "auto": "update"}, soft_delete=True,
)  # fmt: skip
MOVES = [{"from": "draft", "to": "sent"}, {"from": "sent", "to": "paid"}]
MACHINE = {"entity": "order", "field": "status", "definition": {"initial": "draft", "transitions": MOVES}}
WORKFLOW = {
    "name": "check", "trigger": {"type": "state_change", "entity": "order", "field": "status", "to": "sent"},
    "context": {}, "steps": [{"id": "look", "type": "approval"}],
}  # fmt: skip


async def timeline(who: Client, key: str, query: str = "") -> list[Any]:
    return list((await who.get(f"/order/{key}/activity{query}")).expect(200).data)


@pytest.fixture
async def shop(admin: Client) -> Client:
    await admin.define(ORDER)
    await admin.define(MACHINE, "state-machines")
    await admin.define(WORKFLOW, "workflows")
    await admin.grant("order", "read", "clerk", fields={"exclude": ["secret"]},
                      conditions=[{"field": "title", "operator": "neq", "value": "hidden"}])  # fmt: skip
    return admin


async def happened(shop: Client, clerk: Client) -> tuple[str, list[Any]]:
    """A record with a bit of everything, and its activity."""
    key = (await shop.post("/order", {"title": "one", "amount": 1})).expect(201).data["id"]
    (await shop.put(f"/order/{key}", {"status": "sent", "amount": 2, "secret": "s"})).expect(200)
    said = (await clerk.post(f"/order/{key}/comments", {"body": "Looks *good*"})).expect(201).data
    dropped = (await clerk.post(f"/order/{key}/comments", {"body": "Oops"})).expect(201).data
    (await clerk.delete(f"/order/{key}/comments/{dropped['id']}")).expect(200)
    (await shop.put(f"/order/{key}", {"secret": "t"})).expect(200)

    async def waiting() -> Any:
        return (await shop.get(f"/_workflows?record_id={key}&status=running")).data

    [instance] = await eventually(waiting)
    (await shop.post(f"/_workflows/{instance['id']}/approve", {"comment": "fine"})).expect(200)
    (await shop.delete(f"/order/{key}")).expect(200)
    (await shop.get(f"/order/{key}/activity")).expect(404)
    (await shop.post(f"/order/{key}/restore")).expect(200)

    async def complete() -> Any:
        found = await timeline(shop, key)
        return found if found and found[0]["type"] == "restored" and said["id"] in str(found) else None

    return key, await eventually(complete)


async def test_a_timeline_has_what_its_reader_may_see(shop: Client) -> None:
    clerk, eve = await shop.user("clerk@example.com", ["clerk"]), await shop.user("eve@example.com", [])
    key, whole = await happened(shop, clerk)
    kinds = [entry["type"] for entry in whole]
    assert kinds == [
        "restored", "deleted", "workflow", "field_update", "comment", "field_update", "state_change", "created",
    ] or sorted(kinds[5:7]) == ["field_update", "state_change"], kinds  # fmt: skip
    of = {(entry["type"], number): entry for number, entry in enumerate(whole)}
    moved = next(entry for entry in whole if entry["type"] == "state_change")
    assert moved["metadata"] == {"field": "status", "from": "draft", "to": "sent"}
    assert moved["summary"] == "status: draft → sent" and moved["user_email"] == "admin@localhost"
    updated = [entry["metadata"]["changed"] for entry in whole if entry["type"] == "field_update"]
    assert updated == [
        {"secret": {"old": "s", "new": "t"}},
        {"amount": {"old": 1, "new": 2}, "secret": {"old": None, "new": "s"}},
    ]
    step = of["workflow", 2]["metadata"]
    assert (step["workflow"], step["step"], step["status"], step["comment"]) == ("check", "look", "approved", "fine")
    assert of["workflow", 2]["user_email"] == "admin@localhost" and step["instance_id"]
    comment = next(entry for entry in whole if entry["type"] == "comment")
    assert comment["metadata"]["body"] == "Looks *good*" and comment["user_email"] == "clerk@example.com"
    # Nothing of hidden fields; an update of which nothing is left is absent.
    seen = await timeline(clerk, key)
    assert len(seen) == len(whole) - 1 and "secret" not in str(seen) and "'t'" not in str(seen)
    (await eve.get(f"/order/{key}/activity")).expect(403)
    (await clerk.get("/order/00000000-0000-4000-8000-000000000000/activity")).expect(404)
    # Types, pages and cursors.
    assert [entry["type"] for entry in await timeline(shop, key, "?type=comment")] == ["comment"]
    assert [entry["type"] for entry in await timeline(shop, key, "?type=workflow,created")] == ["workflow", "created"]
    walked: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        reply = (await shop.get(f"/order/{key}/activity?per_page=3&cursor={cursor}")).expect(200)
        walked, cursor = walked + reply.data, reply.meta["next_cursor"]
    assert walked == whole
    assert await timeline(shop, key, "?per_page=3&page=2") == whole[3:6]
    for query in ("?type=nothing", "?cursor=x", "?sort=created_at", "?per_page=100&page=9999"):
        assert (await shop.get(f"/order/{key}/activity{query}")).status == 400
    # What hides a record hides its past.
    (await shop.put(f"/order/{key}", {"title": "hidden"})).expect(200)
    (await clerk.get(f"/order/{key}/activity")).expect(404)


async def test_the_projection_is_verified_rebuilt_and_follows_renames(shop: Client, stack: Stack) -> None:
    clerk = await shop.user("clerk@example.com", ["clerk"])
    key, whole = await happened(shop, clerk)
    await verified(shop, "activity")
    async with app_connection(stack, shop) as connection:
        await connection.execute("DELETE FROM events.activity WHERE type = 'comment'")
        await connection.execute("UPDATE events.activity SET type = 'created' WHERE type = 'deleted'")
    replay = await finished(shop, "activity", "verify")
    assert replay["differences"] == 3 and not replay["equal"]
    await finished(shop, "activity", "rebuild")
    await verified(shop, "activity")
    assert await timeline(shop, key) == whole
    (await shop.put("/_admin/entities/order", {**ORDER, "name": "purchase"})).expect(200)
    renamed = (await shop.get(f"/purchase/{key}/activity")).expect(200).data
    assert renamed == [{**entry, "entity": "purchase"} for entry in whole]
    await verified(shop, "activity")


async def test_a_page_reads_an_index_only(shop: Client, stack: Stack) -> None:
    """However much has happened to a record, its newest entries and its rare ones are found by an index in order."""
    async with app_connection(stack, shop) as connection:
        await connection.execute(
            "INSERT INTO events.activity SELECT n, 1, 0, gen_random_uuid(), 'order', 'r' || n % 3, "
            "CASE WHEN n % 5000 = 0 THEN 'comment' ELSE 'field_update' END, NULL, NULL, now() - n * interval '1 s' "
            "FROM generate_series(1000000, 1020000) n"
        )
        await connection.execute("ANALYZE events.activity")
        for types, index in (([], "activity_record"), (["comment"], "activity_type")):
            values = (["order", "item"], "r1", datetime.now(UTC), UUID(int=2**128 - 1), 25, *types)
            rows = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT TEXT) {of_record_sql(types)}", *values)
            plan = "\n".join(row[0] for row in rows)
            assert index in plan and "Seq Scan" not in plan, plan
