"""Nested writes: children written with their parent."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from deploy.embedded.stack import Stack
from tests.support.app_database import app_row, sibling
from tests.support.client import Client, Reply, entity, integer, text

UUID = {"type": "uuid"}
ORDER = entity("order", text("title", required=True))
LINE = entity("line", text("sku", required=True, unique=True), integer("count"), {"name": "order_id", **UUID})
NOTE = entity("note", text("body", required=True), {"name": "line_id", **UUID}, soft_delete=True)
TAG = entity("tag", text("name", required=True))
LINES = {"name": "lines", "type": "one_to_many", "source": "order", "target": "line", "target_key": "order_id"}
NOTES = {"name": "notes", "type": "one_to_many", "source": "line", "target": "note", "target_key": "line_id"}
TAGS = {"name": "tags", "type": "many_to_many", "source": "order", "target": "tag", "join_table": "order_tags"}


STATEMENTS = """
SELECT coalesce(sum(calls), 0)::int FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (query LIKE '%records.%' OR query LIKE '%INSERT INTO data.commits%') AND query NOT LIKE '%pg_stat_statements%'
"""
"""How many statements about records there were; what the relay reads of the log is none."""


async def define(admin: Client, *relations: dict[str, Any]) -> None:
    for definition in (ORDER, LINE, NOTE, TAG):
        await admin.define(definition)
    for relation in relations:
        await admin.define(relation, "relations")


@pytest.fixture
async def shop(admin: Client) -> Client:
    """An app with orders, their lines and tags, and the lines' notes."""
    await define(admin, {**LINES, "on_delete": "cascade"}, {**NOTES, "on_delete": "cascade"}, TAGS)
    return admin


@pytest.fixture(scope="module")
async def empty_shop(common_admin: Client) -> Client:
    """The same, for tests that leave it empty."""
    await define(common_admin, LINES, NOTES, TAGS)
    return common_admin


def lines(*rows: dict[str, Any], mode: str | None = None) -> dict[str, Any]:
    return {"lines": {**({"_write_mode": mode} if mode else {}), "data": list(rows)}}


async def skus(shop: Client, order: dict[str, Any]) -> list[str]:
    found = (await shop.get(f"/line?filter[order_id]={order['id']}&sort=sku")).expect(200).data
    return [line["sku"] for line in found]


async def line(shop: Client, sku: str) -> dict[str, Any]:
    [found] = (await shop.get(f"/line?filter[sku]={sku}")).data
    return dict(found)


async def positions(shop: Client, reply: Reply, *records: tuple[str, str]) -> None:
    """Every one of the records has a commit of the request's, at one position."""
    commits = set()
    for name, record_id in records:
        history = (await shop.get(f"/{name}/{record_id}/history")).data
        commits.add(history[0]["commit_id"])
    assert len(commits) == 1
    assert reply.headers["X-Commit"].isdigit()


async def test_a_parent_with_children_and_theirs_is_one_commit(shop: Client) -> None:
    body = {"title": "first"} | lines({"sku": "a", "notes": {"data": [{"body": "x"}, {"body": "y"}]}}, {"sku": "b"})
    reply = (await shop.post("/order", body)).expect(201)
    assert set(reply.data) == {"id", "title"}
    assert await skus(shop, reply.data) == ["a", "b"]
    first = await line(shop, "a")
    notes = (await shop.get(f"/note?filter[line_id]={first['id']}&sort=body")).data
    assert [note["body"] for note in notes] == ["x", "y"]
    await positions(shop, reply, ("order", reply.data["id"]), ("line", first["id"]), ("note", notes[0]["id"]))


async def test_diff_updates_inserts_deletes_and_leaves_the_rest(shop: Client) -> None:
    order = (
        await shop.post("/order", {"title": "o"} | lines({"sku": "a", "count": 1}, {"sku": "b"}, {"sku": "c"}))
    ).data
    a, b, c = [await line(shop, sku) for sku in "abc"]
    rows = ({"id": a["id"], "count": 5}, {"id": b["id"], "_delete": True}, {"sku": "d"})
    (await shop.put(f"/order/{order['id']}", lines(*rows))).expect(200)
    assert await skus(shop, order) == ["a", "c", "d"]
    assert (await line(shop, "a")) == {**a, "count": 5}
    assert (await line(shop, "c")) == c


async def test_replace_leaves_exactly_what_is_named(shop: Client) -> None:
    order = (await shop.post("/order", {"title": "o"} | lines({"sku": "a"}, {"sku": "b"}, {"sku": "c"}))).data
    a, b = await line(shop, "a"), await line(shop, "b")
    rows = ({"id": a["id"]}, {"id": b["id"], "_delete": True}, {"sku": "c", "count": 9})
    (await shop.put(f"/order/{order['id']}", lines(*rows, mode="replace"))).expect(200)
    assert await skus(shop, order) == ["a", "c"]
    assert (await line(shop, "c"))["count"] == 9
    (await shop.put(f"/order/{order['id']}", lines(mode="replace"))).expect(200)
    assert await skus(shop, order) == []


async def test_append_only_inserts(shop: Client) -> None:
    order = (await shop.post("/order", {"title": "o"} | lines({"sku": "a", "count": 1}))).data
    a = await line(shop, "a")
    rows = ({"id": a["id"], "count": 7}, {"id": a["id"], "_delete": True}, {"sku": "z", "_delete": True}, {"sku": "b"})
    (await shop.put(f"/order/{order['id']}", lines(*rows[:1], *rows[2:], mode="append"))).expect(200)
    (await shop.put(f"/order/{order['id']}", lines(rows[1], mode="append"))).expect(200)
    assert await skus(shop, order) == ["a", "b"]
    assert await line(shop, "a") == a


async def test_the_relation_defines_the_default_mode(admin: Client) -> None:
    await define(admin, {**LINES, "write_mode": "replace"})
    order = (await admin.post("/order", {"title": "o"} | lines({"sku": "a"}, {"sku": "b"}))).data
    (await admin.put(f"/order/{order['id']}", lines({"sku": "c"}))).expect(200)
    assert await skus(admin, order) == ["c"]


@pytest.mark.parametrize("mode", ["diff", "replace"])
async def test_children_of_other_parents_are_not_touched(shop: Client, mode: str) -> None:
    mine = (await shop.post("/order", {"title": "mine"} | lines({"sku": "a"}))).data
    theirs = (await shop.post("/order", {"title": "theirs"} | lines({"sku": "b"}, {"sku": "c"}))).data
    b, c = await line(shop, "b"), await line(shop, "c")
    rows = ({"id": b["id"], "count": 9}, {"id": c["id"], "_delete": True}, {"sku": "d"})
    (await shop.put(f"/order/{mine['id']}", lines(*rows, mode=mode))).expect(200)
    assert [await line(shop, "b"), await line(shop, "c")] == [b, c]
    assert await skus(shop, theirs) == ["b", "c"]
    assert await skus(shop, mine) == (["a", "d"] if mode == "diff" else ["d"])


async def test_an_unknown_key_is_refused(shop: Client) -> None:
    order = (await shop.post("/order", {"title": "o"})).data
    stranger = {"id": "00000000-0000-4000-8000-000000000000", "sku": "a"}
    reply = (await shop.put(f"/order/{order['id']}", lines({"sku": "b"}, stranger))).expect(422)
    assert (reply.details[0]["relation"], reply.details[0]["index"]) == ("lines", 1)
    assert await skus(shop, order) == []


async def test_removed_children_are_soft_deleted(shop: Client) -> None:
    body = {"title": "o"} | lines({"sku": "a", "notes": {"data": [{"body": "x"}]}})
    (await shop.post("/order", body)).expect(201)
    a = await line(shop, "a")
    [note] = (await shop.get(f"/note?filter[line_id]={a['id']}")).data
    gone = {"notes": {"data": [{"id": note["id"], "_delete": True}]}}
    (await shop.put(f"/line/{a['id']}", gone)).expect(200)
    (await shop.get(f"/note/{note['id']}")).expect(404)
    assert (await shop.post(f"/note/{note['id']}/restore")).expect(200).data == note


async def test_a_failing_child_rolls_everything_back(shop: Client) -> None:
    order = (await shop.post("/order", {"title": "o"} | lines({"sku": "a"}))).data
    bad = {"title": "changed"} | lines({"sku": "b"}, {"count": 2})
    reply = (await shop.put(f"/order/{order['id']}", bad)).expect(422)
    assert reply.code == "VALIDATION_FAILED"
    assert reply.details == [
        {"field": "sku", "rule": "required", "message": "is required",
         "relation": "lines", "path": "lines[1]", "index": 1}
    ]  # fmt: skip
    taken = {"title": "changed"} | lines({"sku": "b"}, {"sku": "a"})
    reply = (await shop.put(f"/order/{order['id']}", taken)).expect(409)
    assert (reply.details[0]["field"], reply.details[0]["relation"], reply.details[0]["index"]) == ("sku", "lines", 1)
    deep = {"title": "new"} | lines({"sku": "x", "notes": {"data": [{"body": "fine"}, {"body": ""}]}})
    reply = (await shop.post("/order", deep)).expect(422)
    assert reply.details[0]["path"] == "lines[0].notes[1]"
    assert (await shop.get(f"/order/{order['id']}")).data == order
    assert (await shop.get("/order")).meta["total"] == 1
    assert await skus(shop, order) == ["a"]
    assert (await shop.get("/note")).meta["total"] == 0
    assert len((await shop.get(f"/order/{order['id']}/history")).data) == 1


@pytest.mark.parametrize(
    "value",
    [None, [], "x", {}, {"data": {}}, {"data": ["x"]}, {"data": [], "_write_mode": "upsert"}, {"data": [], "x": 1},
     {"data": [{"sku": "a", "_delete": "yes"}]}],
)  # fmt: skip
async def test_malformed_nested_writes_are_refused(empty_shop: Client, value: Any) -> None:
    reply = (await empty_shop.post("/order", {"title": "o", "lines": value})).expect(422)
    assert reply.code == "VALIDATION_FAILED"
    assert (await empty_shop.get("/order")).meta["total"] == 0


async def test_writing_only_children_adds_no_parent_version(shop: Client) -> None:
    order = (await shop.post("/order", {"title": "o"})).data
    reply = (await shop.put(f"/order/{order['id']}", lines({"sku": "a"}))).expect(200)
    assert reply.headers["ETag"] == '"1"'
    assert "X-Commit" in reply.headers
    nothing = (await shop.put(f"/order/{order['id']}", lines())).expect(200)
    assert "X-Commit" not in nothing.headers


async def test_tags_are_attached_and_detached(shop: Client) -> None:
    ids = [(await shop.post("/tag", {"name": name})).data["id"] for name in "abc"]

    async def attached(order: dict[str, Any]) -> list[str]:
        found = (await shop.get(f"/order/{order['id']}?include=tags")).expect(200).data["tags"]
        return sorted(tag["name"] for tag in found)

    def tags(*numbers: int, mode: str = "diff", gone: int | None = None) -> dict[str, Any]:
        rows: list[dict[str, Any]] = [{"id": ids[number]} for number in numbers]
        rows += [{"id": ids[gone], "_delete": True}] if gone is not None else []
        return {"tags": {"_write_mode": mode, "data": rows}}

    order = (await shop.post("/order", {"title": "o"} | tags(0, 1))).expect(201).data
    assert await attached(order) == ["a", "b"]
    path = f"/order/{order['id']}"
    (await shop.put(path, tags(2, gone=0))).expect(200)
    assert await attached(order) == ["b", "c"]
    again = (await shop.put(path, tags(1, mode="append"))).expect(200)
    assert await attached(order) == ["b", "c"]
    assert "X-Commit" not in again.headers
    (await shop.put(path, tags(0, mode="replace"))).expect(200)
    assert await attached(order) == ["a"]
    unknown = {"tags": {"data": [{"id": "00000000-0000-4000-8000-000000000000"}]}}
    assert (await shop.put(path, unknown)).expect(422).details[0]["relation"] == "tags"
    (await shop.put(path, {"tags": {"data": [{"name": "new"}]}})).expect(422)
    (await shop.put(path, tags(mode="replace"))).expect(200)
    assert await attached(order) == []
    assert (await shop.get("/tag")).meta["total"] == 3


async def test_children_need_their_own_permissions(shop: Client) -> None:
    for name, actions in (("order", ("read", "create", "update")), ("line", ("read", "create"))):
        for action in actions:
            await shop.grant(name, action, "clerk")
    clerk = await shop.user("clerk@example.com", ["clerk"])
    order = (await clerk.post("/order", {"title": "o"} | lines({"sku": "a"}))).expect(201).data
    a = await line(shop, "a")
    (await clerk.put(f"/order/{order['id']}", lines({"id": a["id"], "count": 2}))).expect(403)
    (await clerk.put(f"/order/{order['id']}", lines({"id": a["id"], "_delete": True}))).expect(403)
    (await clerk.put(f"/order/{order['id']}", lines({"sku": "b", "notes": {"data": [{"body": "x"}]}}))).expect(403)
    assert await skus(shop, order) == ["a"]
    assert await line(shop, "a") == a


async def test_a_second_one_to_one_target_is_refused(admin: Client) -> None:
    await admin.define(entity("person", text("name")))
    await admin.define(entity("badge", text("code"), {"name": "person_id", **UUID}, soft_delete=True))
    await admin.relate("badge_of", "one_to_one", "person", "badge", target_key="person_id")
    person = (await admin.post("/person", {"name": "p", "badge_of": {"data": [{"code": "1"}]}})).expect(201).data
    assert (await admin.post("/badge", {"code": "2", "person_id": person["id"]})).status in (409, 422)
    (await admin.put(f"/person/{person['id']}", {"badge_of": {"data": [{"code": "2"}]}})).expect(409)
    swap = {"badge_of": {"_write_mode": "replace", "data": [{"code": "2"}]}}
    (await admin.put(f"/person/{person['id']}", swap)).expect(200)
    assert [badge["code"] for badge in (await admin.get("/badge")).data] == ["2"]


async def test_client_given_keys(admin: Client) -> None:
    await admin.define(entity("box", text("name")))
    item = entity("item", text("code"), {"name": "box_id", **UUID}, integer("count"))
    item["fields"] = item["fields"][1:]
    await admin.define({**item, "primary_key": {"field": "code", "type": "string", "generated": False}})
    await admin.relate("items", "one_to_many", "box", "item", target_key="box_id")
    box = (await admin.post("/box", {"name": "b", "items": {"data": [{"code": "x", "count": 1}]}})).expect(201).data
    change = {"items": {"data": [{"code": "x", "count": 2}, {"code": "y"}]}}
    (await admin.put(f"/box/{box['id']}", change)).expect(200)
    assert [(i["code"], i["count"]) for i in (await admin.get("/item?sort=code")).data] == [("x", 2), ("y", None)]


async def test_parents_with_serial_keys(admin: Client) -> None:
    numbered = {"field": "id", "type": "int", "generated": True}
    box = {**entity("box", text("name")), "primary_key": numbered}
    box["fields"] = [integer("id"), text("name")]
    await admin.define(box)
    await admin.define(entity("item", text("code"), integer("box_id")))
    await admin.relate("items", "one_to_many", "box", "item", target_key="box_id")
    made = [
        (await admin.post("/box", {"name": "b", "items": {"data": [{"code": "x"}]}})).expect(201).data for _ in "ab"
    ]
    assert [b["id"] for b in made] == [1, 2]
    assert sorted(i["box_id"] for i in (await admin.get("/item")).data) == [1, 2]


async def test_a_parent_without_its_source_key_is_refused(admin: Client) -> None:
    await admin.define(entity("shop", text("code", unique=True)))
    await admin.define(entity("shelf", text("name"), text("shop_code")))
    await admin.define(TAG)
    shelves = {"name": "shelves", "type": "one_to_many", "source": "shop", "target": "shelf", "source_key": "code"}
    await admin.define({**shelves, "target_key": "shop_code"}, "relations")
    tags = {**TAGS, "source": "shop", "source_key": "code", "join_table": "shop_tags"}
    await admin.define(tags, "relations")
    for name in ("shelves", "tags"):
        reply = (await admin.post("/shop", {name: {"data": [{"name": "s"}] if name == "shelves" else []}})).expect(422)
        assert (reply.details[0]["field"], reply.details[0]["relation"]) == ("code", name)
    shop = (await admin.post("/shop", {"code": "a", "shelves": {"data": [{"name": "s"}]}})).expect(201).data
    assert [shelf["shop_code"] for shelf in (await admin.get("/shelf")).data] == ["a"]
    (await admin.put(f"/shop/{shop['id']}", {"code": "b"})).expect(409)


async def test_the_number_of_statements_does_not_depend_on_the_number_of_children(stack: Stack, shop: Client) -> None:
    tags = [(await shop.post("/tag", {"name": str(n)})).expect(201).data["id"] for n in range(20)]
    database = await asyncpg.connect(sibling(stack.database_url, (await app_row(stack, shop))["database"]))
    found: list[list[int]] = []
    try:
        await database.execute("CREATE EXTENSION pg_stat_statements")
        for count in (1, 20):
            rows = [{"sku": f"{count}/{n}", "notes": {"data": [{"body": "x"}, {"body": "y"}]}} for n in range(count)]
            body = {"title": "o", **lines(*rows), "tags": {"data": [{"id": tag} for tag in tags[:count]]}}
            before = await database.fetchval(STATEMENTS)
            order = (await shop.post("/order", body)).expect(201).data
            created = await database.fetchval(STATEMENTS) - before
            stored = (await shop.get(f"/line?filter[order_id]={order['id']}")).data
            updates = lines(*({"id": row["id"], "count": 7} for row in stored))
            before = await database.fetchval(STATEMENTS)
            (await shop.put(f"/order/{order['id']}", updates)).expect(200)
            updated = await database.fetchval(STATEMENTS) - before
            other = {**lines({"sku": f"new {count}"}, mode="replace"), "tags": {"_write_mode": "replace", "data": []}}
            before = await database.fetchval(STATEMENTS)
            (await shop.put(f"/order/{order['id']}", other)).expect(200)
            found.append([created, updated, await database.fetchval(STATEMENTS) - before])
            assert await skus(shop, order) == [f"new {count}"]
    finally:
        await database.close()
    assert found[0] == found[1]
    assert all(0 < number < 20 for number in found[0]), found
