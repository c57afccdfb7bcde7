"""`_bulk?on_conflict=update`: rows update the records that have their value of the key, and create the others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.client import Client, Reply, entity, integer, text

ITEM = entity(
    "item", text("sku", required=True, unique=True), text("ean", unique=True), text("name"), integer("n"),
    soft_delete=True,
)  # fmt: skip


async def upsert(client: Client, rows: list[Any], query: str = "key=sku", method: str = "POST") -> Reply:
    return await client.request(method, f"/item/_bulk?on_conflict=update&{query}", rows)


@pytest.fixture
async def items(admin: Client) -> Client:
    await admin.define(ITEM)
    return admin


async def test_rows_create_or_update_in_one_commit(items: Client) -> None:
    rows = [{"sku": "a", "ean": "1", "n": 1}, {"sku": "b", "ean": "2", "n": 2}]
    assert (await upsert(items, rows)).expect(200).data["actions"] == ["created", "created"]
    dry = (await upsert(items, [{"sku": "a", "n": 5}, {"sku": "z"}], "key=sku&dry_run=true")).expect(200)
    assert (dry.data["created"], dry.data["updated"], dry.data["dry_run"]) == (1, 1, True)
    swapped = [{"sku": "b", "ean": "1"}, {"sku": "a", "ean": "2"}, {"sku": "c", "name": "new"}]
    reply = (await upsert(items, swapped, method="PUT")).expect(200)
    assert reply.data["actions"] == ["updated", "updated", "created"] and reply.headers["X-Commit"]
    found = {row["sku"]: (row["ean"], row["n"], row["name"]) for row in (await items.get("/item")).data}
    assert found == {"a": ("2", 1, None), "b": ("1", 2, None), "c": (None, None, "new")}
    taken = (await upsert(items, [{"sku": "a", "ean": "3"}, {"sku": "d", "ean": "2"}])).expect(200)
    assert taken.data["actions"] == ["updated", "created"]
    by_id = [{"id": reply.data["ids"][2], "name": "c2"}, {"sku": "e"}]
    assert (await upsert(items, by_id, "key=id")).expect(200).data["actions"] == ["updated", "created"]


async def test_what_cant_be_upserted_names_the_rows_and_writes_nothing(items: Client) -> None:
    gone = (await items.post("/item", {"sku": "gone"})).data
    (await items.delete(f"/item/{gone['id']}")).expect(200)
    twice = (await upsert(items, [{"sku": "a"}, {"sku": "b"}, {"sku": "a"}])).expect(422)
    assert (twice.details[0]["index"], twice.details[0]["message"]) == (2, "is that of row 0 again")
    assert (await upsert(items, [{"sku": "a"}, {"n": 1}])).expect(422).details[0]["index"] == 1
    assert (await upsert(items, [{"sku": "a"}, {"sku": "gone"}])).expect(409).details[0]["index"] == 1
    assert (await upsert(items, [{"sku": "a"}, {"sku": "b", "n": "x"}])).expect(422).details[0]["index"] == 1
    unknown = "00000000-0000-4000-8000-000000000000"
    assert (await upsert(items, [{"id": unknown, "sku": "a"}], "key=id")).expect(404).details[0]["index"] == 0
    for query, code in (("key=n", "VALIDATION_FAILED"), ("key=nope", "VALIDATION_FAILED"), ("", "INVALID_PAYLOAD")):
        assert (await upsert(items, [{"sku": "a"}], query)).code == code
    assert (await items.post("/item/_bulk?key=sku", [])).code == "INVALID_PAYLOAD"
    assert (await items.get("/item")).meta["total"] == 0


async def test_rights_of_both_kinds_are_needed_and_hidden_records_take_their_values(items: Client) -> None:
    clerk = await items.user("clerk@example.com", ["clerk"])
    await items.grant("item", "create", "clerk")
    (await items.post("/item/_bulk", [{"sku": "low", "n": 1}, {"sku": "high", "n": 9}])).expect(201)
    assert (await upsert(clerk, [{"sku": "low"}])).expect(403).code == "FORBIDDEN"
    await items.grant("item", "update", "clerk", conditions=[{"field": "n", "operator": "lt", "value": 3}])
    await items.grant("item", "read", "clerk", conditions=[{"field": "n", "operator": "lt", "value": 5}])
    assert (await upsert(clerk, [{"sku": "low", "name": "x"}])).expect(200).data["updated"] == 1
    hidden = (await upsert(clerk, [{"sku": "new"}, {"sku": "high", "name": "x"}])).expect(409)
    plain = (await clerk.post("/item/_bulk", [{"sku": "new"}, {"sku": "high"}])).expect(409)
    assert hidden.details == plain.details
    (await items.post("/item", {"sku": "mid", "n": 4})).expect(201)
    assert (await upsert(clerk, [{"sku": "mid"}])).expect(403).details[0]["index"] == 0


async def test_racing_upserts_of_the_same_new_records_all_succeed(items: Client) -> None:
    rows = [{"sku": f"r{n}", "n": n} for n in range(40)]
    replies = await asyncio.gather(*(upsert(items, rows) for _ in range(6)))
    assert [reply.status for reply in replies] == [200] * 6
    assert sum(reply.data["created"] for reply in replies) == 40
    assert (await items.get("/item")).meta["total"] == 40
