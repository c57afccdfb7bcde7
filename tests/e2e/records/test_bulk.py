"""`_bulk`: many records in one commit, or none."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply, entity, integer, text
from tests.support.relations import reference

NOBODY = "00000000-0000-4000-8000-000000000000"
ITEM = entity("item", text("sku", required=True, unique=True), integer("n"), {"name": "price", "type": "decimal"})
CODE = {
    "name": "code", "table": "codes", "primary_key": {"field": "code", "type": "string", "generated": False},
    "fields": [text("code"), integer("n")],
}  # fmt: skip
BOX = entity("box", text("name"))
THING = entity("thing", text("name", required=True), reference("box_id"), soft_delete=True)
THINGS = {"name": "things", "type": "one_to_many", "source": "box", "target": "thing", "target_key": "box_id"}


async def write(client: Client, method: str, name: str, rows: Any, query: str = "", **headers: str) -> Reply:
    return await client.request(method, f"/{name}/_bulk{query}", rows, None, **headers)


async def made(admin: Client, name: str, *rows: dict[str, Any]) -> list[Any]:
    reply = (await write(admin, "POST", name, list(rows))).expect(201)
    assert reply.data["created"] == len(rows)
    return list(reply.data["ids"])


async def total(admin: Client, name: str) -> int:
    return int((await admin.get(f"/{name}")).meta["total"])


def indexes(reply: Reply) -> list[int]:
    return [detail["index"] for detail in reply.details]


@pytest.fixture
async def items(admin: Client) -> Client:
    await admin.define(ITEM)
    return admin


@pytest.fixture
async def boxes(admin: Client) -> Client:
    await admin.define(BOX)
    await admin.define(THING)
    await admin.define({**THINGS, "on_delete": "restrict"}, "relations")
    return admin


async def test_rows_are_created_changed_and_deleted_in_one_commit_each(items: Client) -> None:
    rows = [{"sku": f"s{n}", "n": n, "price": 1.25} for n in range(500)]
    reply = (await write(items, "POST", "item", rows)).expect(201)
    assert set(reply.data) == {"created", "ids"} and reply.data["created"] == 500
    ids = reply.data["ids"]
    assert (await items.get(f"/item/{ids[7]}")).data == {"id": ids[7], **rows[7]}
    first = int(reply.headers["X-Commit"])
    changes = [{"id": key, "n": -number} for number, key in enumerate(ids)]
    reply = (await write(items, "PUT", "item", changes)).expect(200)
    assert reply.data == {"updated": 500, "ids": ids}
    second = int(reply.headers["X-Commit"])
    assert (await items.get(f"/item/{ids[7]}")).data == {"id": ids[7], **rows[7], "n": -7}
    reply = (await write(items, "PATCH", "item", [{"n": 1, "id": ids[0]}, {"id": ids[1], "price": 2, "n": 5}])).expect(
        200
    )
    assert reply.data == {"updated": 2, "ids": ids[:2]}
    reply = (await write(items, "DELETE", "item", ids[:400])).expect(200)
    assert reply.data == {"deleted": 400, "ids": ids[:400]}
    assert int(reply.headers["X-Commit"]) > second > first
    assert await total(items, "item") == 100


async def test_each_row_has_its_version_history_and_audit_entry(items: Client) -> None:
    ids = await made(items, "item", {"sku": "a"}, {"sku": "b"})
    (await write(items, "PUT", "item", [{"id": ids[0], "n": 1}, {"id": ids[1], "n": 2}])).expect(200)
    got = await items.get(f"/item/{ids[1]}")
    assert got.headers["ETag"] == '"2"'
    (await write(items, "DELETE", "item", ids)).expect(200)
    histories = [(await items.get(f"/item/{key}/history")).data for key in ids]
    lived = [(3, "delete"), (2, "update"), (1, "create")]
    assert [[(entry["version"], entry["action"]) for entry in history] for history in histories] == [lived, lived]
    assert histories[1][1]["changed"] == {"n": {"old": None, "new": 2}}
    commits = [{entry["commit_id"] for entry in entries} for entries in zip(*histories, strict=True)]
    assert [len(commit) for commit in commits] == [1, 1, 1]

    async def all_audited() -> bool:
        return bool((await items.get("/_admin/audit-logs?entity=item")).meta["total"] == 6)

    await eventually(all_audited)
    assert (await items.get(f"/item/{ids[0]}?version=2")).data["n"] == 1


async def test_rows_without_changes_are_no_commit(items: Client) -> None:
    ids = await made(items, "item", {"sku": "a"})
    reply = (await write(items, "PUT", "item", [{"id": ids[0]}])).expect(200)
    assert reply.data == {"updated": 1, "ids": ids}
    assert (await items.get(f"/item/{ids[0]}")).headers["ETag"] == '"1"'
    for method, status, verb in (("POST", 201, "created"), ("PUT", 200, "updated"), ("DELETE", 200, "deleted")):
        reply = (await write(items, method, "item", [])).expect(status)
        assert reply.data == {verb: 0, "ids": []} and "X-Commit" not in reply.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_invalid_bodies_are_refused(items: Client, method: str) -> None:
    for body in ({"sku": "a"}, "a", None, 5):
        assert (await write(items, method, "item", body)).expect(400).code == "INVALID_PAYLOAD"
    reply = await items.request(method, "/item/_bulk", None, b"[{]")
    assert reply.expect(400).code == "INVALID_PAYLOAD"
    good = NOBODY if method == "DELETE" else {"id": NOBODY, "sku": "a"}
    reply = (await write(items, method, "item", [good, None, [], True, 1.5])).expect(422)
    assert indexes(reply) == [1, 2, 3, 4] and {detail["rule"] for detail in reply.details} == {"type"}
    too_many = [str(uuid.uuid4()) if method == "DELETE" else {"id": str(uuid.uuid4())} for _ in range(10_001)]
    assert (await write(items, method, "item", too_many)).expect(422).details[0]["rule"] == "max"
    assert (await write(items, method, "item", [], "?dry_run=perhaps")).expect(422).details[0]["field"] == "dry_run"
    assert (await write(items, method, "nothing", [])).expect(404).code == "UNKNOWN_ENTITY"
    assert await total(items, "item") == 0


async def test_all_errors_name_their_row_and_nothing_is_stored(items: Client) -> None:
    rows = [{"sku": "a"}, {"n": 1}, {"sku": "b", "n": "many"}, {"sku": "c", "what": 1}]
    reply = (await write(items, "POST", "item", rows)).expect(422)
    assert [(d["index"], d["field"], d["rule"]) for d in reply.details] == [
        (1, "sku", "required"), (2, "n", "type"), (3, "what", "unknown"),
    ]  # fmt: skip
    assert all(detail["message"] for detail in reply.details)
    assert await total(items, "item") == 0
    reply = (await write(items, "POST", "item", [{} for _ in range(300)])).expect(422)
    assert indexes(reply) == list(range(100))
    ids = await made(items, "item", {"sku": "a", "n": 1}, {"sku": "b", "n": 1})
    reply = (await write(items, "PUT", "item", [{"id": ids[0], "n": 2}, {"id": ids[1], "n": "x"}])).expect(422)
    assert indexes(reply) == [1]
    assert (await items.get(f"/item/{ids[0]}")).data["n"] == 1


async def test_taken_and_repeated_unique_values_are_refused(items: Client) -> None:
    ids = await made(items, "item", {"sku": "a"}, {"sku": "b"})
    reply = (await write(items, "POST", "item", [{"sku": "x"}, {"sku": "b"}])).expect(409)
    assert (reply.code, indexes(reply), reply.details[0]["field"]) == ("CONFLICT", [1], "sku")
    reply = (await write(items, "POST", "item", [{"sku": "x"}, {"sku": "y"}, {"sku": "x"}])).expect(409)
    assert indexes(reply) == [2]
    reply = (await write(items, "PUT", "item", [{"id": ids[0], "n": 9}, {"id": ids[1], "sku": "a"}])).expect(409)
    assert indexes(reply) == [1]
    assert await total(items, "item") == 2
    assert (await items.get(f"/item/{ids[0]}")).headers["ETag"] == '"1"'


async def test_a_record_named_twice_is_refused(items: Client) -> None:
    ids = await made(items, "item", {"sku": "a"}, {"sku": "b"})
    reply = (await write(items, "PUT", "item", [{"id": key, "n": 1} for key in (*ids, ids[0].upper())])).expect(422)
    assert [(d["index"], d["field"], d["rule"]) for d in reply.details] == [(2, "id", "unique")]
    reply = (await write(items, "DELETE", "item", [ids[0], ids[1], ids[1]])).expect(422)
    assert indexes(reply) == [2]
    assert await total(items, "item") == 2


async def test_missing_invalid_and_unknown_keys_are_refused(items: Client) -> None:
    ids = await made(items, "item", {"sku": "a", "n": 1})
    rows = [{"id": ids[0], "n": 2}, {"n": 3}, {"id": None}, {"id": "seven"}]
    reply = (await write(items, "PUT", "item", rows)).expect(422)
    assert [(d["index"], d["field"], d["rule"]) for d in reply.details] == [
        (1, "id", "required"), (2, "id", "required"), (3, "id", "type"),
    ]  # fmt: skip
    reply = (await write(items, "PUT", "item", [rows[0], {"id": NOBODY, "n": 3}])).expect(404)
    assert (reply.code, indexes(reply)) == ("NOT_FOUND", [1])
    assert (await items.get(f"/item/{ids[0]}")).data["n"] == 1
    for stranger in (NOBODY, "seven", 7):
        reply = (await write(items, "DELETE", "item", [ids[0], stranger])).expect(404)
        assert indexes(reply) == [1]
    assert await total(items, "item") == 1


async def test_client_given_keys(admin: Client) -> None:
    await admin.define(CODE)
    assert await made(admin, "code", {"code": "a", "n": 1}, {"code": "b"}) == ["a", "b"]
    reply = (await write(admin, "POST", "code", [{"code": "c"}, {"code": "b"}])).expect(409)
    assert indexes(reply) == [1]
    (await write(admin, "PUT", "code", [{"code": "a", "n": 5}])).expect(200)
    (await write(admin, "DELETE", "code", ["a", "b"])).expect(200)
    await made(admin, "code", {"code": "a"})
    assert (await admin.get("/code/a")).headers["ETag"] == '"4"'


async def test_numeric_keys_are_returned_as_numbers(admin: Client) -> None:
    numbered = {
        "primary_key": {"field": "id", "type": "int", "generated": True},
        "fields": [integer("id"), text("sku")],
    }
    await admin.define({**ITEM, **numbered})
    ids = await made(admin, "item", {"sku": "a"}, {"sku": "b"})
    assert ids == [row["id"] for row in (await admin.get("/item?sort=sku")).data]
    reply = (await write(admin, "DELETE", "item", [ids[0], str(ids[1])])).expect(200)
    assert reply.data["ids"] == ids


async def test_a_dry_run_checks_everything_and_stores_nothing(items: Client) -> None:
    reply = (await write(items, "POST", "item", [{"sku": "a"}, {"sku": "b"}], "?dry_run=true")).expect(200)
    assert (reply.data["created"], reply.data["dry_run"]) == (2, True) and "X-Commit" not in reply.headers
    assert await total(items, "item") == 0
    ids = await made(items, "item", {"sku": "a", "n": 1}, {"sku": "b"})
    taken = await write(items, "POST", "item", [{"sku": "c"}, {"sku": "a"}], "?dry_run=true")
    assert indexes(taken.expect(409)) == [1]
    reply = (await write(items, "PUT", "item", [{"id": ids[0], "n": 2}], "?dry_run=true")).expect(200)
    assert reply.data == {"updated": 1, "ids": ids[:1], "dry_run": True}
    reply = (await write(items, "DELETE", "item", ids, "?dry_run=true")).expect(200)
    assert reply.data == {"deleted": 2, "ids": ids, "dry_run": True}
    assert (await items.get(f"/item/{ids[0]}")).data["n"] == 1
    assert [entry["version"] for entry in (await items.get(f"/item/{ids[0]}/history")).data] == [1]
    reply = (await write(items, "PUT", "item", [{"id": ids[0], "n": 2}], "?dry_run=false")).expect(200)
    assert reply.headers["X-Commit"] and "dry_run" not in reply.data


async def test_missing_references_are_refused(boxes: Client) -> None:
    [box] = await made(boxes, "box", {"name": "b"})
    rows = [{"name": "x", "box_id": box}, {"name": "y", "box_id": NOBODY}, {"name": "z"}]
    reply = (await write(boxes, "POST", "thing", rows)).expect(422)
    assert [(d["index"], d["field"], d["rule"]) for d in reply.details] == [(1, "box_id", "reference")]
    assert await total(boxes, "thing") == 0
    ids = await made(boxes, "thing", rows[0], rows[2])
    reply = (await write(boxes, "PUT", "thing", [{"id": key, "box_id": NOBODY} for key in ids])).expect(422)
    assert indexes(reply) == [0, 1]


async def test_nested_children_are_written(boxes: Client) -> None:
    rows: list[dict[str, Any]] = [{"name": f"b{n}", "things": {"data": [{"name": f"t{n}"}]}} for n in range(3)]
    ids = await made(boxes, "box", *rows)
    found = (await boxes.get("/thing?sort=name")).data
    assert [thing["box_id"] for thing in found] == ids
    entries = [(await boxes.get(f"/{name}/{key}/history")).data[0] for name, key in
               (("box", ids[0]), ("box", ids[2]), ("thing", found[1]["id"]))]  # fmt: skip
    assert len({entry["commit_id"] for entry in entries}) == 1
    rows[1]["things"]["data"] += [{"name": "more"}, {}]
    reply = (await write(boxes, "POST", "box", rows)).expect(422)
    assert [(d["index"], d["relation"], d["path"], d["field"]) for d in reply.details] == [
        (1, "things", "[1].things[2]", "name")
    ]
    rows[2]["things"] = {"rows": []}
    reply = (await write(boxes, "POST", "box", rows)).expect(422)
    assert (indexes(reply), reply.details[0]["relation"]) == ([2], "things")
    assert (await total(boxes, "box"), await total(boxes, "thing")) == (3, 3)


async def test_deletions_follow_relations(boxes: Client) -> None:
    ids = await made(boxes, "box", {"name": "a"}, {"name": "b", "things": {"data": [{"name": "t"}]}})
    reply = (await write(boxes, "DELETE", "box", ids)).expect(409)
    assert [(d["index"], d["rule"], d["relation"]) for d in reply.details] == [(1, "restrict", "things")]
    assert await total(boxes, "box") == 2
    (await boxes.put("/_admin/relations/things", {**THINGS, "on_delete": "cascade"})).expect(200)
    (await write(boxes, "DELETE", "box", ids, "?dry_run=true")).expect(200)
    assert await total(boxes, "thing") == 1
    (await write(boxes, "DELETE", "box", ids)).expect(200)
    assert (await total(boxes, "box"), await total(boxes, "thing")) == (0, 0)
    [trashed] = (await boxes.get("/thing?deleted=only")).data
    assert trashed["name"] == "t"


async def test_permissions_are_checked_for_every_row(items: Client) -> None:
    ids = await made(items, "item", {"sku": "a", "n": 1}, {"sku": "b", "n": 2})
    ann = await items.user("ann@example.org", ["staff"])
    for method, rows in (("POST", [{"sku": "c"}]), ("PUT", [{"id": ids[0]}]), ("DELETE", ids)):
        assert (await write(ann, method, "item", rows)).expect(403).code == "FORBIDDEN"
    small = [{"field": "n", "operator": "eq", "value": 1}]
    for action in ("update", "delete"):
        await items.grant("item", action, "staff", conditions=small)
    reply = (await write(ann, "PUT", "item", [{"id": key, "price": 3} for key in ids])).expect(403)
    assert indexes(reply) == [1]
    assert indexes((await write(ann, "DELETE", "item", ids)).expect(403)) == [1]
    assert (await items.get(f"/item/{ids[0]}")).data["price"] is None
    (await write(ann, "PUT", "item", [{"id": ids[0], "price": 3}])).expect(200)
    (await write(ann, "DELETE", "item", ids[:1])).expect(200)
    assert await total(items, "item") == 1


async def test_rules_are_evaluated_for_every_row(items: Client) -> None:
    rule = {"entity": "item", "hook": "before_write", "type": "expression",
            "definition": {"expression": "record.n != null and record.n >= 10", "message": "too large"}}  # fmt: skip
    await items.define(rule, "rules")
    reply = await write(items, "POST", "item", [{"sku": "a", "n": 10}, {"sku": "b", "n": 1}, {"sku": "c", "n": 11}])
    assert reply.expect(422).details[0]["message"] == "too large" and indexes(reply) == [0, 2]
    ids = await made(items, "item", {"sku": "a", "n": 1}, {"sku": "b"})
    reply = (await write(items, "PUT", "item", [{"id": ids[0], "n": 2}, {"id": ids[1], "n": 12}])).expect(422)
    assert indexes(reply) == [1]
    after = {**rule, "hook": "after_write", "definition": {"expression": "record.n == 5", "message": "five"}}
    await items.define(after, "rules")
    reply = (await write(items, "PUT", "item", [{"id": ids[0], "n": 2}, {"id": ids[1], "n": 5}])).expect(422)
    assert indexes(reply) == [1]
    assert (await items.get(f"/item/{ids[0]}")).data["n"] == 1


async def test_state_machines_apply_to_every_row(admin: Client) -> None:
    await admin.define(entity("job", text("state"), text("note")))
    machine = {"entity": "job", "field": "state", "definition": {
        "initial": "new", "transitions": [{"from": "new", "to": "done", "actions": [
            {"type": "set_field", "field": "note", "value": "set"}]}]}}  # fmt: skip
    await admin.define(machine, "state-machines")
    ids = await made(admin, "job", {"note": "a"}, {})
    (await write(admin, "PUT", "job", [{"id": ids[0], "state": "done"}])).expect(200)
    assert (await admin.get(f"/job/{ids[0]}")).data == {"id": ids[0], "state": "done", "note": "set"}
    reply = (
        await write(admin, "PUT", "job", [{"id": ids[1], "state": "done"}, {"id": ids[0], "state": "new"}])
    ).expect(422)
    assert indexes(reply) == [1]
    assert (await admin.get(f"/job/{ids[1]}")).data["state"] == "new"


async def test_slugs_are_made_for_every_row(admin: Client) -> None:
    slug = {"field": "slug", "source": "title"}
    await admin.define(entity("page", text("title"), text("slug", unique=True), slug=slug))
    (await admin.post("/page", {"title": "Same"})).expect(201)
    rows = [*({"title": "Same"} for _ in range(3)), *({"title": f"Other {n}"} for n in range(20)), {"title": "Other 3"}]
    ids = await made(admin, "page", *rows)
    found = {row["id"]: row["slug"] for row in (await admin.get("/page?per_page=100")).data}
    assert [found[key] for key in ids[:3]] == ["same-2", "same-3", "same-4"]
    assert found[ids[-1]] == "other-3-2"
    again = await made(admin, "page", *rows)
    found = {row["id"]: row["slug"] for row in (await admin.get("/page?per_page=100")).data}
    assert [found[key] for key in again[:3]] == ["same-5", "same-6", "same-7"]
    assert (found[again[3]], found[again[-1]]) == ("other-0-2", "other-3-4")


async def test_missing_files_are_refused(admin: Client) -> None:
    await admin.define(entity("paper", {"name": "scan", "type": "file"}))
    reply = (await write(admin, "POST", "paper", [{}, {"scan": NOBODY}])).expect(404)
    assert indexes(reply) == [1]


async def test_if_match_is_refused_in_bulk(admin: Client) -> None:
    await admin.define({**ITEM, "require_if_match": True})
    ids = await made(admin, "item", {"sku": "a"})
    for method, rows in (("PUT", [{"id": ids[0], "n": 1}]), ("DELETE", ids)):
        assert (await write(admin, method, "item", rows)).expect(428).code == "PRECONDITION_REQUIRED"
    (await write(admin, "PUT", "item", [{"id": ids[0], "n": 1, "_version": 1}])).expect(200)


async def test_rows_with_a_version_are_written_only_upon_that_one(items: Client) -> None:
    ids = await made(items, "item", {"sku": "a"}, {"sku": "b"}, {"sku": "c"})
    (await items.put(f"/item/{ids[1]}", {"n": 5})).expect(200)
    rows = [{"id": key, "n": 9, "_version": 1} for key in ids]
    refused = (await write(items, "PUT", "item", rows)).expect(412)
    assert (refused.code, indexes(refused), refused.details[0]["rule"]) == ("PRECONDITION_FAILED", [1], "version")
    assert [row["n"] for row in (await items.get("/item?sort=sku")).data] == [None, 5, None]
    rows[1]["_version"], rows[2] = 2, {"id": ids[2], "n": 9}
    assert (await write(items, "PUT", "item", rows)).expect(200).data["updated"] == 3
    refused = (await write(items, "PUT", "item", [{"id": ids[0], "n": 1, "_version": "2"}])).expect(422)
    assert refused.details[0]["field"] == "_version"


async def test_one_idempotency_key_covers_all_rows(items: Client) -> None:
    same = {"Idempotency_Key": str(uuid.uuid4())}
    rows = [{"sku": "a"}, {"sku": "b"}]
    first = (await write(items, "POST", "item", rows, **same)).expect(201)
    again = (await write(items, "POST", "item", rows, **same)).expect(201)
    assert again.body == first.body and again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["X-Commit"] == first.headers["X-Commit"]
    assert await total(items, "item") == 2
    key = {"Idempotency_Key": str(uuid.uuid4())}
    dry = (await write(items, "DELETE", "item", first.data["ids"], "?dry_run=true", **key)).expect(200)
    assert dry.data["dry_run"] and await total(items, "item") == 2


async def test_ten_thousand_rows(items: Client) -> None:
    ids = await made(items, "item", *({"sku": f"s{n}", "n": n} for n in range(10_000)))
    assert len(set(ids)) == await total(items, "item") == 10_000
    (await write(items, "PUT", "item", [{"id": key, "n": -1} for key in reversed(ids)])).expect(200)
    assert (await items.get("/item?filter[n]=-1")).meta["total"] == 10_000
    (await write(items, "DELETE", "item", ids)).expect(200)
    assert await total(items, "item") == 0
