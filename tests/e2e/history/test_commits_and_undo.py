"""Commits and their undo."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_row
from tests.support.approvals import LEAVE, approval
from tests.support.client import Client, Reply, entity, integer, text
from tests.support.receivers import HttpReceiver
from tests.support.relations import allow, reference, relation
from tests.support.streams import published

NOTE = entity("note", text("title", unique=True), integer("size"), text("owner"),
              {"name": "price", "type": "decimal"}, {"name": "data", "type": "json"},
              {"name": "changed", "type": "timestamp", "auto": "update"})  # fmt: skip
SOFT = {**NOTE, "soft_delete": True}


def position(reply: Reply) -> str:
    return str(reply.headers["X-Commit"])


async def undo(caller: Client, reply: Reply, status: int = 200) -> Reply:
    """Take back what a request did."""
    return (await caller.post(f"/_commits/{position(reply)}/undo")).expect(status)


async def commit_of(caller: Client, reply: Reply) -> Any:
    return (await caller.get(f"/_commits/{position(reply)}")).expect(200).data


async def seller(admin: Client) -> Client:
    return await admin.user("sam@example.com", ["sales"])


@pytest.fixture
async def shop(admin: Client) -> Client:
    """Orders with lines (cascade) and tags (pairs)."""
    await admin.define(entity("order", text("title")))
    await admin.define(entity("line", text("sku", unique=True), integer("count"), reference("order_id")))
    await admin.define(entity("tag", text("label")))
    for each in (
        relation("lines", "one_to_many", "order", "line", target_key="order_id", on_delete="cascade"),
        relation("tags", "many_to_many", "order", "tag", join_table="order_tags"),
    ):
        await admin.define(each, "relations")
    return admin


async def world(shop: Client) -> Any:
    """Every record, and every order's tags."""
    orders = (await shop.get("/order?sort=id&include=tags")).data
    for order in orders:
        order["tags"] = sorted(tag["id"] for tag in order["tags"])
    return orders, (await shop.get("/line?sort=id")).data, (await shop.get("/tag?sort=id")).data


async def nested(shop: Client) -> Reply:
    """An order with two lines and two tags that were there before."""
    made = [(await shop.post("/tag", {"label": label})).data for label in ("old", "new")]
    tags = {"data": [{"id": tag["id"]} for tag in made]}
    lines = {"data": [{"sku": "a", "count": 1}, {"sku": "b"}]}
    return (await shop.post("/order", {"title": "o", "lines": lines, "tags": tags})).expect(201)


async def test_a_commit_shows_its_changes(admin: Client) -> None:
    await admin.define(NOTE)
    created = await admin.post("/note", {"title": "t", "size": 1})
    changed = await admin.put(f"/note/{created.data['id']}", {"size": 2})
    commit = await commit_of(admin, changed)
    assert commit["position"] == int(position(changed)) and commit["cause"] == "request"
    assert commit["trace_id"] == changed.headers["X-Trace-ID"] and commit["user"]["email"] == "admin@localhost"
    assert (await admin.get(f"/_commits/{commit['commit_id']}")).data == commit
    [record] = commit["records"]
    assert record["changed"].pop("changed")["new"] > commit["at"][:4]
    assert record == {
        "entity": "note", "record_id": created.data["id"], "version": 2, "action": "update",
        "changed": {"size": {"old": 1, "new": 2}},
    }  # fmt: skip
    history = (await admin.get(f"/note/{created.data['id']}/history")).data
    assert history[0]["commit_id"] == commit["commit_id"]


async def test_the_list_of_commits(shop: Client) -> None:
    order = await nested(shop)
    tagged = await shop.post("/tag", {"label": "x"})
    listed = (await shop.get("/_commits")).expect(200)
    assert listed.meta == {"page": 1, "per_page": 25, "total": 4}
    assert [c["position"] for c in listed.data[:2]] == [int(position(tagged)), int(position(order))]
    assert (listed.data[1]["size"], listed.data[1]["entities"]) == (5, ["line", "order", "order_tags"])
    second = (await shop.get("/_commits?page=2&per_page=1")).data
    assert second == listed.data[1:2]
    orders = (await shop.get("/_commits?entity=order")).data
    assert orders == second and (await shop.get("/_commits?entity=order_tags")).data == second
    user = listed.data[0]["user"]["id"]
    assert (await shop.get(f"/_commits?user_id={user}")).meta["total"] == 4
    assert (await shop.get(f"/_commits?user_id={uuid.uuid4()}")).data == []
    last = listed.data[0]["at"].replace("+", "%2B")
    assert (await shop.get(f"/_commits?from={last}")).data == listed.data[:1]
    assert (await shop.get(f"/_commits?to={last}")).meta["total"] == 4
    (await shop.get("/_commits?from=soon")).expect(400)
    (await shop.get("/_commits?entity=nope")).expect(404)
    (await (await seller(shop)).get("/_commits")).expect(403)


@pytest.mark.parametrize("named", ["0", "999999", "nope", "0190a000-0000-7000-8000-0000000000aa", "9" * 30, "%00"])
async def test_unknown_commits(common_admin: Client, named: str) -> None:
    assert (await common_admin.get(f"/_commits/{named}")).expect(404).code == "NOT_FOUND"
    assert (await common_admin.post(f"/_commits/{named}/undo")).expect(404).code == "NOT_FOUND"


async def test_a_commit_shows_only_readable_records(shop: Client) -> None:
    order = await nested(shop)
    sam = await seller(shop)
    (await sam.get(f"/_commits/{position(order)}")).expect(404)
    await allow(shop, "line", {"field": "sku", "operator": "eq", "value": "a"})
    assert [r["entity"] for r in (await commit_of(sam, order))["records"]] == ["line"]
    [line] = (await sam.get("/line")).data
    (await shop.put(f"/line/{line['id']}", {"sku": "z"})).expect(200)
    (await sam.get(f"/_commits/{position(order)}")).expect(404)
    await allow(shop, "order")
    await allow(shop, "tag", {"field": "label", "operator": "eq", "value": "new"})
    seen = [r["entity"] for r in (await commit_of(sam, order))["records"]]
    assert sorted(seen) == ["order", "order_tags"]


async def test_a_page_behind_the_last_is_empty(shop: Client) -> None:
    order = await nested(shop)
    sam, behind = await seller(shop), f"/_commits/{position(order)}?per_page=2&page=3"
    (await sam.get(behind)).expect(404)
    await allow(shop, "line")
    for caller, total in ((shop, 5), (sam, 2)):
        first = (await caller.get(f"/_commits/{position(order)}?per_page=2")).expect(200)
        last = (await caller.get(behind)).expect(200)
        beyond = (await caller.get(f"/_commits/{position(order)}?per_page=2&page=4")).expect(200)
        assert len(first.data["records"]) == 2 and len(last.data["records"]) == max(total - 4, 0)
        # Each entry has a time of its own, and a head that of one of them.
        assert beyond.data == {**first.data, "records": [], "at": beyond.data["at"]}
        assert beyond.meta == {"page": 4, "per_page": 2, "total": total}


async def test_hidden_values_of_a_commit_stay_hidden(admin: Client) -> None:
    await admin.define(NOTE)
    note = (await admin.post("/note", {"owner": "eve", "size": 1})).data
    changed = await admin.put(f"/note/{note['id']}", {"owner": "sam", "size": 2})
    await allow(admin, "note", {"field": "owner", "operator": "eq", "value": "sam"})
    [record] = (await commit_of(await seller(admin), changed))["records"]
    assert record["changed"]["size"] == {"old": None, "new": 2}


@pytest.mark.parametrize("definition", [NOTE, SOFT])
async def test_each_action_undone_and_undone_again(admin: Client, definition: dict[str, Any]) -> None:
    await admin.define(definition)
    values = {"title": "t", "size": 1, "price": 12345678901234567.25, "data": {"a": [1.5, None, "é"]}}
    created = (await admin.post("/note", values)).expect(201)
    path = f"/note/{created.data['id']}"
    taken_back = await undo(admin, created)
    (await admin.get(path)).expect(404)
    again = await undo(admin, taken_back)
    assert (await admin.get(path)).expect(200).data == created.data
    assert again.headers["X-Commit"] == str(again.data["position"])
    changed = (await admin.put(path, {"title": "u", "price": None, "data": None})).expect(200)
    undone = await undo(admin, changed)
    assert (await admin.get(path)).data == created.data
    await undo(admin, undone)
    assert (await admin.get(path)).data == changed.data
    deleted = (await admin.delete(path)).expect(200)
    undone = await undo(admin, deleted)
    assert (await admin.get(path)).data == changed.data
    await undo(admin, undone)
    (await admin.get(path)).expect(404)
    versions = [row["version"] for row in (await admin.get(f"{path}/history")).data]
    assert versions == list(range(9, 0, -1))
    assert (await commit_of(admin, undone))["cause"] == "undo"


async def test_a_restore_undone(admin: Client) -> None:
    await admin.define(SOFT)
    note = (await admin.post("/note", {"title": "t"})).data
    (await admin.delete(f"/note/{note['id']}")).expect(200)
    restored = (await admin.post(f"/note/{note['id']}/restore")).expect(200)
    undone = await undo(admin, restored)
    (await admin.get(f"/note/{note['id']}")).expect(404)
    await undo(admin, undone)
    assert (await admin.get(f"/note/{note['id']}")).data == note


async def test_numbered_keys_come_back(admin: Client) -> None:
    key = {"field": "id", "type": "int", "generated": True}
    await admin.define(entity("row", text("t"), primary_key=key) | {"fields": [integer("id"), text("t")]})
    row = (await admin.post("/row", {"t": "a"})).data
    await undo(admin, await admin.delete(f"/row/{row['id']}"))
    assert (await admin.get(f"/row/{row['id']}")).data == row
    assert (await admin.post("/row", {"t": "b"})).data["id"] == row["id"] + 1


async def test_composite_keys_come_back(admin: Client) -> None:
    key = {"fields": ["a", "b"], "generated": False}
    await admin.define(entity("cell", primary_key=key) | {"fields": [text("a"), integer("b"), text("v")]})
    (await admin.post("/cell", {"a": "é", "b": 1, "v": "x"})).expect(201)
    changed = await admin.put("/cell/é,1", {"v": "y"})
    await undo(admin, changed)
    assert (await admin.get("/cell/é,1")).data["v"] == "x"
    await undo(admin, await admin.delete("/cell/é,1"))
    assert (await admin.get("/cell/é,1")).data == {"a": "é", "b": 1, "v": "x"}


async def test_a_tree_with_pairs_is_undone_as_one(shop: Client) -> None:
    order = await nested(shop)
    made = await world(shop)
    undone = await undo(shop, order)
    assert undone.data["size"] == 5 and len({r["record_id"] for r in undone.data["records"]}) == 5
    assert await world(shop) == ([], [], made[2])
    redone = await undo(shop, undone)
    assert await world(shop) == made
    deleted = (await shop.delete(f"/order/{order.data['id']}")).expect(200)
    await undo(shop, deleted)
    assert await world(shop) == made
    (await undo(shop, redone, 409))


async def test_a_nested_update_is_undone(shop: Client) -> None:
    order = await nested(shop)
    path = f"/order/{order.data['id']}"
    before = await world(shop)
    a, b = before[1] if before[1][0]["sku"] == "a" else reversed(before[1])
    lines = {"data": [{"id": a["id"], "sku": "c"}, {"id": b["id"], "_delete": True}, {"sku": "b"}]}
    tags = {"_write_mode": "replace", "data": []}
    changed = (await shop.put(path, {"title": "p", "lines": lines, "tags": tags})).expect(200)
    after = await world(shop)
    undone = await undo(shop, changed)
    assert await world(shop) == before
    await undo(shop, undone)
    assert await world(shop) == after


async def test_unlinked_children_are_linked_again(admin: Client) -> None:
    await admin.define(entity("parent", text("name"), soft_delete=True))
    await admin.define(entity("child", text("name"), reference("parent_id")))
    children = relation("children", "one_to_many", "parent", "child", target_key="parent_id", on_delete="set_null")
    await admin.define(children, "relations")
    parent = (await admin.post("/parent", {"name": "p", "children": {"data": [{"name": "c"}]}})).data
    [child] = (await admin.get("/child")).data
    deleted = await admin.delete(f"/parent/{parent['id']}")
    await undo(admin, deleted)
    assert (await admin.get(f"/child/{child['id']}")).data == child


async def test_later_changes_prevent_an_undo(shop: Client) -> None:
    order = await nested(shop)
    before = await world(shop)
    line = before[1][0]
    changed = await shop.put(f"/line/{line['id']}", {"count": 7})
    reply = await undo(shop, order, 409)
    assert reply.code == "CONFLICT"
    assert [(d["entity"], d["record_id"]) for d in reply.details] == [("line", line["id"])]
    await undo(shop, changed)
    # Two changes since are changes since, whatever they come to.
    assert (await undo(shop, order, 409)).details[0]["record_id"] == line["id"]
    assert await world(shop) == before


async def test_undone_twice(admin: Client) -> None:
    await admin.define(NOTE)
    note = await admin.post("/note", {"title": "t"})
    changed = await admin.put(f"/note/{note.data['id']}", {"size": 1})
    deleted = await admin.delete(f"/note/{note.data['id']}")
    for reply in (note, changed):
        assert (await undo(admin, reply, 409)).details[0]["record_id"] == note.data["id"]
    await undo(admin, deleted)
    await undo(admin, deleted, 409)
    await undo(admin, changed, 409)


async def test_records_that_are_referenced_since_are_not_undone(shop: Client) -> None:
    order = (await shop.post("/order", {"title": "o"})).expect(201)
    line = (await shop.post("/line", {"sku": "a", "order_id": order.data["id"]})).expect(201)
    reply = await undo(shop, order, 409)
    assert [(d["entity"], d["record_id"]) for d in reply.details] == [("line", line.data["id"])]
    await undo(shop, line)
    tag = (await shop.post("/tag", {"label": "t"})).expect(201)
    paired = await shop.put(f"/order/{order.data['id']}", {"tags": {"data": [{"id": tag.data["id"]}]}})
    for reply in (order, tag):
        assert {d["entity"] for d in (await undo(shop, reply, 409)).details} == {"order_tags"}
    await undo(shop, paired)
    await undo(shop, order)
    await undo(shop, tag)
    assert await world(shop) == ([], [], [])


async def test_references_to_deleted_records_are_not_restored(shop: Client) -> None:
    order = (await shop.post("/order", {"title": "o"})).data
    line = (await shop.post("/line", {"sku": "a", "order_id": order["id"]})).data
    moved = await shop.put(f"/line/{line['id']}", {"order_id": None})
    (await shop.delete(f"/order/{order['id']}")).expect(200)
    reply = await undo(shop, moved, 409)
    assert (reply.details[0]["entity"], reply.details[0]["record_id"]) == ("line", line["id"])
    tag = (await shop.post("/tag", {"label": "t"})).data
    order = (await shop.post("/order", {"title": "o", "tags": {"data": [{"id": tag["id"]}]}})).data
    detached = (await shop.put(f"/order/{order['id']}", {"tags": {"_write_mode": "replace", "data": []}})).expect(200)
    (await shop.delete(f"/tag/{tag['id']}")).expect(200)
    assert (await undo(shop, detached, 409)).details[0]["entity"] == "order_tags"


async def test_taken_unique_values_prevent_an_undo(admin: Client) -> None:
    await admin.define(NOTE)
    note = (await admin.post("/note", {"title": "t"})).data
    changed = await admin.put(f"/note/{note['id']}", {"title": "u"})
    other = await admin.post("/note", {"title": "t"})
    assert (await undo(admin, changed, 409)).details[0]["field"] == "title"
    assert (await admin.get(f"/note/{note['id']}")).data["title"] == "u"
    await undo(admin, other)
    await undo(admin, changed)
    deleted = await admin.delete(f"/note/{note['id']}")
    (await admin.post("/note", {"title": "t"})).expect(201)
    assert (await undo(admin, deleted, 409)).details[0]["field"] == "title"


async def test_each_inverse_needs_its_own_permission(admin: Client) -> None:
    await admin.define(NOTE)
    sam = await seller(admin)
    mine = {"field": "owner", "operator": "eq", "value": "sam"}
    created = [await admin.post("/note", {"title": owner, "owner": owner}) for owner in ("sam", "eve")]
    changed = [await admin.put(f"/note/{reply.data['id']}", {"size": 5}) for reply in created]
    await undo(sam, changed[0], 403)
    await allow(admin, "note", mine, action="update")
    await undo(sam, changed[0])
    await undo(sam, changed[1], 403)
    created = [await admin.post("/note", {"title": f"{owner} 2", "owner": owner}) for owner in ("sam", "eve")]
    await undo(sam, created[0], 403)
    await allow(admin, "note", mine, action="delete")
    undone = await undo(sam, created[0])
    await undo(sam, created[1], 403)
    deleted = await admin.delete(f"/note/{created[1].data['id']}")
    await undo(sam, undone, 403)
    await allow(admin, "note", mine, action="create")
    await undo(sam, undone)
    await undo(sam, deleted, 403)
    (await admin.get(f"/note/{created[1].data['id']}")).expect(404)


async def test_permissions_for_restores_and_pairs(shop: Client) -> None:
    await shop.define(SOFT)
    sam = await seller(shop)
    note = (await shop.post("/note", {"title": "t"})).data
    deleted = await shop.delete(f"/note/{note['id']}")
    await allow(shop, "note", action="create")
    await undo(sam, deleted, 403)
    await allow(shop, "note", {"field": "title", "operator": "eq", "value": "t"}, action="delete")
    await undo(sam, deleted)
    tag, order = [(await shop.post(path, {})).data for path in ("/tag", "/order")]
    paired = await shop.put(f"/order/{order['id']}", {"tags": {"data": [{"id": tag["id"]}]}})
    await undo(sam, paired, 403)
    await allow(shop, "order", {"field": "title", "operator": "eq", "value": "x"}, action="update")
    await undo(sam, paired, 403)
    await allow(shop, "order", action="update")
    await undo(sam, paired)


async def test_fields_removed_or_renamed_since(admin: Client) -> None:
    await admin.define(NOTE)
    note = await admin.post("/note", {"title": "t", "size": 1, "price": 0.125})
    path = f"/note/{note.data['id']}"
    changed = await admin.put(path, {"title": "u", "size": 2, "price": 7.5})
    fields = [f for f in NOTE["fields"] if f["name"] not in ("size", "price", "title")]
    renamed = {"name": "name", "type": "string", "renamed_from": "title"}
    (await admin.put("/_admin/entities/note", {**NOTE, "fields": [*fields, renamed]})).expect(200)
    await undo(admin, changed)
    assert (await admin.get(path)).data["name"] == "t"
    deleted = await admin.delete(path)
    await undo(admin, deleted)
    back = [*fields, text("name"), *(f for f in NOTE["fields"] if f["name"] in ("size", "price"))]
    (await admin.put("/_admin/entities/note", {**NOTE, "fields": back})).expect(200)
    stored = (await admin.get(path)).data
    assert (stored["name"], stored["size"], stored["price"]) == ("t", 1, 0.125)


async def test_entities_deleted_since_prevent_an_undo(shop: Client) -> None:
    order = await nested(shop)
    (await shop.delete("/_admin/relations/tags")).expect(200)
    assert (await undo(shop, order, 409)).details[0]["entity"] == "order_tags"
    assert len((await commit_of(shop, order))["records"]) == 5


async def test_an_undo_skips_rules_and_state_machines(admin: Client) -> None:
    await admin.define(NOTE)
    machine = {"entity": "note", "field": "owner", "definition": {
        "initial": "a", "transitions": [{"from": "a", "to": "b"}]}}  # fmt: skip
    await admin.define(machine, "state-machines")
    note = await admin.post("/note", {"title": "t", "owner": "a"})
    changed = (await admin.put(f"/note/{note.data['id']}", {"owner": "b"})).expect(200)
    (await admin.put(f"/note/{note.data['id']}", {"owner": "a"})).expect(422)
    await undo(admin, changed)
    assert (await admin.get(f"/note/{note.data['id']}")).data == note.data


async def test_an_undo_fires_webhooks_and_no_workflows(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(LEAVE)
    await admin.define(approval(), "workflows")
    await admin.define({"entity": "leave", "url": receiver.url}, "webhooks")
    path = f"/leave/{(await admin.post('/leave', {'status': 'pending', 'days': 10})).expect(201).data['id']}"
    changed = (await admin.put(path, {"status": "draft"})).expect(200)
    await undo(admin, changed)
    (await admin.put(path, {"status": "draft"})).expect(200)
    (await admin.put(path, {"status": "pending", "days": 20})).expect(200)

    async def started() -> Any:
        instances = (await admin.get("/_workflows")).data
        days = sorted(instance["context"]["days"] for instance in instances)
        return 20 in days and days

    # One record's commits are handled in order, so the last one's instance comes after all others.
    assert await eventually(started) == [10, 20]
    await eventually(lambda: len(receiver.requests) == 5)


async def test_an_undo_honours_an_idempotency_key(admin: Client) -> None:
    await admin.define(NOTE)
    note = await admin.post("/note", {"title": "t"})
    path = f"/_commits/{position(note)}/undo"
    first = (await admin.post(path, Idempotency_Key="k")).expect(200)
    again = (await admin.post(path, Idempotency_Key="k")).expect(200)
    assert again.body == first.body and again.headers["Idempotency-Replayed"] == "true"


async def test_the_log_folds_to_the_tables(stack: Stack, shop: Client) -> None:
    order = await nested(shop)
    undone = await undo(shop, order)
    await undo(shop, undone)
    deleted = await shop.delete(f"/order/{order.data['id']}")
    await undo(shop, deleted)
    listed = await world(shop)
    app_id = str((await app_row(stack, shop))["id"])
    folded: dict[tuple[str, str], Any] = {}
    for event in await published(stack, app_id, 2 + 5 * 5):
        name = (event["entity"], event["record_id"])
        before = event["before"]
        assert before == folded.get(name)
        folded[name] = event["after"] if event["action"] != "delete" else None
    live = [record for _, record in sorted(folded.items()) if record]
    lines = sorted((r for r in live if "sku" in r), key=lambda r: str(r["id"]))
    assert lines == listed[1]
    pairs = sorted(r["tag_id"] for r in live if "tag_id" in r)
    assert pairs == listed[0][0]["tags"]


async def test_a_refused_undo_reveals_nothing_of_hidden_commits(shop: Client) -> None:
    sam = await seller(shop)
    made = [await shop.post(path, {}) for path in ("/order", "/tag")]
    ids = [reply.data["id"] for reply in made]
    changed = await shop.put(f"/order/{ids[0]}", {"title": "a", "tags": {"data": [{"id": ids[1]}]}})
    await shop.put(f"/order/{ids[0]}", {"title": "b"})
    hidden = [await undo(sam, reply, 403) for reply in (*made, changed)]
    assert {reply.body["error"]["message"] for reply in hidden} == {"You may not undo this commit"}
    await allow(shop, "order", {"field": "title", "operator": "eq", "value": "none"})
    await allow(shop, "order", action="update")
    refused = await undo(sam, changed, 409)
    assert refused.body["error"] == {"code": "CONFLICT", "message": "This commit can't be undone any more"}
    await allow(shop, "order")
    assert (await undo(sam, changed, 409)).details[0]["record_id"] == ids[0]
    assert "order" in (await undo(sam, made[0], 403)).body["error"]["message"]
    await shop.define(entity("gone", text("label")))
    lost = await shop.post("/gone", {})
    (await shop.delete("/_admin/entities/gone")).expect(200)
    assert "gone" in (await undo(shop, lost, 409)).body["error"]["message"]
    assert (await undo(sam, lost, 409)).body["error"] == refused.body["error"]
