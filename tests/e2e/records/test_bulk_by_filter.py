"""`_bulk` with filters: all records that match, if they are as many as expected; and many back from the trash."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply, entity, integer, text
from tests.support.relations import allow, make, reference, where

NOBODY = "00000000-0000-4000-8000-000000000000"
FIELDS = (
    text("name", required=True), text("state"), integer("size"), text("secret"), reference("box_id"),
    text("sku", unique=True),
)  # fmt: skip
THING = entity("thing", *FIELDS, soft_delete=True)
BOX = entity("box", text("name"), integer("things_in_it"), soft_delete=True)


@pytest.fixture
async def things(admin: Client) -> Client:
    """The admin of an app with ten things: sizes 0 to 9, half of them open."""
    await admin.define(BOX)
    await admin.define(THING)
    await admin.relate("things", "one_to_many", "box", "thing", target_key="box_id", on_delete="set_null")
    rows = [{"name": f"n{n}", "state": "open" if n % 2 else "shut", "size": n, "secret": str(n)} for n in range(10)]
    (await admin.post("/thing/_bulk", rows)).expect(201)
    return admin


async def bulk(caller: Client, method: str, query: str, body: Any = None) -> Reply:
    path = "/thing/_bulk/restore" if method == "POST" else "/thing/_bulk"
    return await caller.request(method, f"{path}?{query}", body)


async def sizes(caller: Client, query: str = "") -> list[int]:
    return [row["size"] for row in (await caller.get(f"/thing?sort=size&{query}")).expect(200).data]


async def test_all_that_match_are_changed_deleted_and_restored_in_one_commit_each(things: Client) -> None:
    chosen = {row["id"]: row for row in (await things.get("/thing?filter[state]=open&filter[size.gt]=2")).data}
    query = "filter[state]=open&filter[size.gt]=2&expect=4"
    changed = (await bulk(things, "PATCH", query, {"set": {"state": "done", "secret": None}})).expect(200)
    assert changed.data == {"updated": 4, "ids": sorted(chosen)}
    for key, row in chosen.items():
        assert (await things.get(f"/thing/{key}")).data == {**row, "state": "done", "secret": None}
    gone = (await bulk(things, "DELETE", "q=n&filter[state]=done&expect=4")).expect(200)
    assert gone.data == {"deleted": 4, "ids": sorted(chosen)}
    assert await sizes(things) == [0, 1, 2, 4, 6, 8]
    back = (await bulk(things, "POST", "filter[size.lt]=6&expect=2")).expect(200)
    assert back.data["restored"] == 2 and await sizes(things, "filter[state]=done") == [3, 5]
    assert (await bulk(things, "POST", "deleted=only&expect=2")).expect(200).data["restored"] == 2
    assert await sizes(things) == list(range(10))
    history = (await things.get(f"/thing/{min(chosen)}/history")).data
    assert [entry["action"] for entry in history] == ["restore", "delete", "update", "create"]
    # Each was a commit of its own, and can be undone: the first deletion is taken back no more.
    undone = await things.post(f"/_commits/{gone.headers['X-Commit']}/undo")
    assert undone.expect(409).code == "CONFLICT"
    assert (await bulk(things, "DELETE", "filter[size]=0&expect=0")).expect(409).details[0]["count"] == 1
    deleted = (await bulk(things, "DELETE", "filter[size.lte]=1&expect=2")).expect(200)
    (await things.post(f"/_commits/{deleted.headers['X-Commit']}/undo")).expect(200)
    assert await sizes(things) == list(range(10))


async def test_another_number_of_matches_changes_nothing_and_is_told(things: Client) -> None:
    for method, body in (("PUT", {"set": {"size": 1}}), ("DELETE", None)):
        reply = (await bulk(things, method, "filter[state]=open&expect=4", body)).expect(409)
        message = "5 records match, not 4"
        assert reply.details == [{"field": "expect", "rule": "expect", "count": 5, "message": message}]
    assert await sizes(things) == list(range(10))
    rehearsed = await bulk(things, "DELETE", "filter[state]=open&expect=5&dry_run=true")
    assert rehearsed.expect(200).data["deleted"] == 5 and rehearsed.data["dry_run"] is True
    assert "X-Commit" not in rehearsed.headers and await sizes(things) == list(range(10))
    assert (await bulk(things, "PUT", "filter[size]=77&expect=0", {"set": {"size": 1}})).expect(200).data[
        "updated"
    ] == 0


@pytest.mark.parametrize(
    ("method", "query", "body", "status", "field"),
    [
        ("PUT", "filter[size]=1", {"set": {"size": 1}}, 400, "expect"),
        ("PUT", "expect=10", {"set": {"size": 1}}, 400, "expect"),
        ("PUT", "expect=10&q=", {"set": {"size": 1}}, 400, "expect"),
        ("PUT", "", {"set": {"size": 1}}, 400, "expect"),
        ("PUT", "", {"size": 1}, 400, None),
        ("PUT", "filter[size]=1&expect=-1", {"set": {"size": 1}}, 400, "expect"),
        ("PUT", "filter[size]=1&expect=10001", {"set": {"size": 1}}, 400, "expect"),
        ("PUT", "filter[size]=1&expect=one", {"set": {"size": 1}}, 400, "expect"),
        ("PUT", "filter[nope]=1&expect=1", {"set": {"size": 1}}, 400, "nope"),
        ("PUT", "filter[size]=1&expect=1&deleted=with", {"set": {"size": 1}}, 400, "deleted"),
        ("PUT", "filter[size]=1&expect=1&expct=1", {"set": {"size": 1}}, 400, "expct"),
        ("PUT", "filter[size]=1&expect=1", [{"size": 1}], 400, None),
        ("PUT", "filter[size]=1&expect=1", {"size": 1}, 422, "size"),
        ("PUT", "filter[size]=1&expect=1", {"set": {}}, 422, "set"),
        ("PUT", "filter[size]=1&expect=1", {"set": {"nope": 1}}, 422, "nope"),
        ("PUT", "filter[size]=1&expect=1", {"set": {"size": "many"}}, 422, "size"),
        ("PUT", "filter[size.gt]=7&expect=2", {"set": {"sku": "one"}}, 409, "sku"),
        ("DELETE", "filter[size]=1&expect=1", [NOBODY], 400, None),
        ("DELETE", "", None, 400, None),
        ("POST", "deleted=with&expect=1", None, 400, "deleted"),
        ("POST", "expect=1", None, 400, "expect"),
        ("POST", "", {"ids": []}, 400, None),
    ],
)
async def test_what_is_refused(
    things: Client, method: str, query: str, body: Any, status: int, field: str | None
) -> None:
    reply = (await bulk(things, method, query, body)).expect(status)
    assert (reply.details[0]["field"] if reply.details else None) == field
    assert await sizes(things) == list(range(10))


async def test_rights_decide_what_counts_and_what_may_be_written(things: Client) -> None:
    sales = await things.user("sales@example.com", ["sales"])
    body = {"set": {"state": "done"}}
    assert (await bulk(sales, "PUT", "filter[size.gt]=5&expect=0", body)).expect(403).code == "FORBIDDEN"
    await things.grant("thing", "read", "sales", conditions=[where("size", 6, "gte")], fields={"exclude": ["secret"]})
    await allow(things, "thing", where("size", 8, "gte"), action="update")
    assert (await bulk(sales, "PUT", "filter[size.gte]=0&expect=10", body)).expect(409).details[0]["count"] == 4
    refused = (await bulk(sales, "PUT", "filter[size.gte]=0&expect=4", body)).expect(403)
    visible = {row["id"]: row["size"] for row in (await sales.get("/thing")).data}
    assert sorted(visible[detail["id"]] for detail in refused.details) == [6, 7]
    assert all(detail["message"] for detail in refused.details)
    assert (await bulk(sales, "PUT", "filter[secret]=8&expect=1", body)).expect(400).code == "UNKNOWN_FIELD"
    assert (await bulk(sales, "PUT", "filter[size.gte]=8&expect=2", body)).expect(200).data["updated"] == 2
    assert await sizes(things, "filter[state]=done") == [8, 9]
    secretly = await bulk(sales, "PUT", "filter[size]=8&expect=1", {"set": {"size": 3, "name": ""}})
    assert secretly.expect(422).details[0]["id"] == next(key for key, size in visible.items() if size == 8)


async def test_rules_machines_totals_and_nested_rows_apply_as_ever(things: Client) -> None:
    machine = {"initial": "shut", "transitions": [{"from": "shut", "to": "open", "guard": "record.size < 6"}]}
    await things.define({"entity": "thing", "field": "state", "definition": machine}, "state-machines")
    total = {"field": "things_in_it", "expression": "len(related.things)"}
    loads = {**total, "related_load": [{"relation": "things"}]}
    await things.define({"entity": "box", "hook": "before_write", "type": "computed", "definition": loads}, "rules")
    box = await make(things, "box", name="b")
    (await bulk(things, "PUT", "filter[size.lt]=4&expect=4", {"set": {"box_id": box["id"]}})).expect(200)
    assert (await things.get(f"/box/{box['id']}")).data["things_in_it"] == 4
    refused = (await bulk(things, "PUT", "filter[state]=shut&expect=5", {"set": {"state": "open"}})).expect(422)
    assert [detail["rule"] for detail in refused.details] == ["state_machine"] * 2
    (await bulk(things, "PUT", "filter[state]=shut&filter[size.lt]=6&expect=3", {"set": {"state": "open"}})).expect(200)
    (await bulk(things, "DELETE", "filter[box_id]=" + box["id"] + "&expect=4")).expect(200)
    assert (await things.get(f"/box/{box['id']}")).data["things_in_it"] == 0
    (await bulk(things, "POST", "filter[size.lt]=3&expect=3")).expect(200)
    assert (await things.get(f"/box/{box['id']}")).data["things_in_it"] == 3
    (await things.put("/_admin/entities/box", {**BOX, "require_if_match": True})).expect(200)
    (await things.request("DELETE", "/box/_bulk?filter[name]=b&expect=1")).expect(428)


async def test_ids_come_back_from_the_trash_all_or_none(things: Client) -> None:
    box = await make(things, "box", name="b")
    (await bulk(things, "PUT", "filter[size.lt]=3&expect=3", {"set": {"box_id": box["id"]}})).expect(200)
    rows = {row["size"]: row["id"] for row in (await things.get("/thing")).data}
    (await bulk(things, "DELETE", "filter[size.lt]=6&expect=6")).expect(200)
    restored = await bulk(things, "POST", "", [rows[5], rows[3]])
    assert restored.expect(200).data == {"restored": 2, "ids": [rows[5], rows[3]]} and restored.headers["X-Commit"]
    lost = (await bulk(things, "POST", "", [rows[4], NOBODY, rows[9]])).expect(404)
    assert [detail["index"] for detail in lost.details] == [1, 2]
    # What they referred to went meanwhile: its removal leaves references of what is in the trash.
    (await things.delete(f"/box/{box['id']}")).expect(200)
    dangling = (await bulk(things, "POST", "", [rows[4], rows[1], rows[0]])).expect(409)
    assert [(detail["index"], detail["field"]) for detail in dangling.details] == [(1, "box_id"), (2, "box_id")]
    assert await sizes(things) == [3, 5, 6, 7, 8, 9]
    (await things.post(f"/box/{box['id']}/restore")).expect(200)
    assert (await bulk(things, "POST", "dry_run=true", [rows[1]])).expect(200).data["dry_run"] is True
    assert (await bulk(things, "POST", "deleted=only&expect=4")).expect(200).data["restored"] == 4
    sales = await things.user("sales@example.com", ["sales"])
    (await bulk(sales, "POST", "", [rows[1]])).expect(403)
    await allow(things, "thing", where("size", 1), action="delete")
    (await bulk(things, "DELETE", "filter[size.lt]=3&expect=3")).expect(200)
    hidden = (await bulk(sales, "POST", "", [rows[1], rows[2]])).expect(404)
    assert [detail["index"] for detail in hidden.details] == [1]
    await allow(things, "thing")
    assert (await bulk(sales, "POST", "deleted=only&expect=1")).expect(200).data["ids"] == [rows[1]]


async def test_racing_writers_lose_no_change(things: Client) -> None:
    """The person who comes second sees what the first has left, and is told that there are fewer."""
    replies = await asyncio.gather(
        *(bulk(things, "PUT", "filter[state]=open&expect=5", {"set": {"state": f"by {n}"}}) for n in range(4))
    )
    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409]
    winner = next(n for n, reply in enumerate(replies) if reply.status == 200)
    assert len(await sizes(things, f"filter[state]=by {winner}")) == 5

    async def audited() -> bool:
        logs = await things.get("/_admin/audit-logs?entity=thing&action=update")
        return bool(logs.expect(200).meta["total"] == 5)

    await eventually(audited)
