"""What the database cannot hold is refused with 422 and the field or limit."""

from __future__ import annotations

import asyncio
import random
import string
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_row, indexes
from tests.support.client import Client, Reply, entity, integer, text
from tests.support.locks import holding
from tests.support.relations import relation

RANDOM = random.Random(7)
UNIQUE = entity("thing", text("name", unique=True), text("note", indexed=True), text("free"))
WIDE = entity("wide", *(text(f"f{n}") for n in range(399)))
NUMBERED = {
    "name": "numbered", "table": "numbereds", "primary_key": {"field": "id", "type": "int", "generated": True},
    "fields": [{"name": "id", "type": "int"}, text("name")],
}  # fmt: skip
COUNTED = {**NUMBERED, "name": "counted", "table": "counteds"}
COUNTED = {**COUNTED, "primary_key": {"field": "id", "type": "bigint", "generated": True}}
COUNTED = {**COUNTED, "fields": [{"name": "id", "type": "bigint"}, text("name")]}
PARTED = {
    "name": "parted", "table": "parteds", "primary_key": {"fields": ["a", "b", "c"]},
    "fields": [text("a"), text("b"), text("c")],
}  # fmt: skip


def noise(length: int) -> str:
    """Characters that no compression makes fewer."""
    return "".join(RANDOM.choices(string.ascii_letters + string.digits, k=length))


def refused(reply: Reply, *fields: str | None) -> Reply:
    """A refusal that names these fields, or a limit of the whole record (None)."""
    reply.expect(422)
    assert [detail.get("field") for detail in reply.details] == list(fields), reply.body
    assert {detail["rule"] for detail in reply.details} == {"limit"}
    return reply


@pytest.fixture
async def things(admin: Client) -> Client:
    await admin.define(UNIQUE)
    return admin


@pytest.mark.parametrize("length", [2_720, 9_000])
async def test_a_value_too_long_for_its_index_names_the_field(things: Client, length: int) -> None:
    long = noise(length)
    one = (await things.post("/thing", {"name": "a", "note": "a"})).expect(201).data["id"]
    for field in ("name", "note"):
        refused(await things.post("/thing", {field: long}), field)
        refused(await things.put(f"/thing/{one}", {field: long}), field)
        for method, id_ in (("POST", {}), ("PUT", {"id": one})):
            reply = refused(await things.request(method, "/thing/_bulk", [{**id_, field: long}]), field)
            assert reply.details[0]["index"] == 0
    rows = [{"name": "x", "free": long}, {"name": long}, {"name": "y"}]
    assert refused(await things.post("/thing/_bulk", rows), "name").details[0]["index"] == 1
    document = {"version": 1, "sample_data": {"thing": [{"note": "b"}, {"note": long}]}}
    reply = refused(await things.post("/_admin/import", document), "note")
    assert reply.details[0]["entity"] == "thing"
    assert (await things.get("/thing")).meta["total"] == 1
    # What compresses to less is taken, and so is what no index is on.
    (await things.post("/thing", {"name": "a" * 20_000, "note": "b" * 20_000, "free": long})).expect(201)


async def test_a_refused_write_fails_alone_in_its_batch(things: Client) -> None:
    async def write(number: int) -> Reply:
        name = noise(2_720) if number % 9 == 0 else f"n{number}"
        return await things.post("/thing", {"name": name, "free": str(number)})

    replies = await asyncio.gather(*(write(number) for number in range(270)))
    assert {reply.status for number, reply in enumerate(replies) if number % 9 == 0} == {422}
    assert {reply.status for number, reply in enumerate(replies) if number % 9} == {201}
    assert (await things.get("/thing")).meta["total"] == 240
    ids = [reply.data["id"] for reply in replies if reply.status == 201]

    async def change(number: int, key: str) -> Reply:
        return await things.put(f"/thing/{key}", {"note": noise(9_000) if number % 7 == 0 else "x"})

    changed = await asyncio.gather(*(change(number, key) for number, key in enumerate(ids)))
    assert [reply.status for reply in changed] == [422 if n % 7 == 0 else 200 for n in range(len(ids))]


async def test_waiting_for_a_unique_value_does_not_delay_others(stack: Stack, things: Client) -> None:
    # Somebody's open transaction has the value: whether it is taken is not known before that ends.
    taken = "INSERT INTO records.things (id, name, _version) VALUES (gen_random_uuid(), 'mine', 1)"
    async with holding(stack, (await app_row(stack, things))["database"], taken) as held_up:
        names = ["mine", *(f"other {n}" for n in range(200)), "mine"]
        writes = [asyncio.create_task(things.post("/thing", {"name": name})) for name in names]
        assert {reply.status for reply in await asyncio.gather(*writes[1:-1])} == {201}
        await held_up(2)
        assert not writes[0].done() and not writes[-1].done()
    assert sorted([(await writes[0]).status, (await writes[-1]).status]) == [201, 409]


async def test_a_row_too_large_names_the_limit(admin: Client) -> None:
    await admin.define(WIDE)
    row = {f"f{n}": noise(22) for n in range(399)}
    reply = refused(await admin.post("/wide", row), None)
    assert "8,160" in reply.body["error"]["message"]
    assert refused(await admin.post("/wide/_bulk", [row]), None).details[0]["index"] == 0
    one = (await admin.post("/wide", {"f0": "a"})).expect(201).data["id"]
    refused(await admin.put(f"/wide/{one}", row), None)
    refused(await admin.post("/_admin/import", {"version": 1, "sample_data": {"wide": [row]}}), None)
    # Long texts are stored apart, so they take little of the row.
    (await admin.put(f"/wide/{one}", {f"f{n}": noise(3_000) for n in range(50)})).expect(200)


@pytest.mark.parametrize(("definition", "last"), [(NUMBERED, 2**31 - 1), (COUNTED, 2**63 - 1)])
async def test_an_exhausted_generated_key_is_reported(
    admin: Client, stack: Stack, definition: dict[str, Any], last: int
) -> None:
    await admin.define(definition)
    name = definition["name"]
    document = {"version": 1, "sample_data": {name: [{"id": last - 1, "name": "a"}]}}
    (await admin.post("/_admin/import", document)).expect(200)
    (await admin.post(f"/{name}", {"name": "b"})).expect(201)
    refused(await admin.post(f"/{name}", {"name": "c"}), "id")
    refused(await admin.post(f"/{name}/_bulk", [{"name": "c"}]), "id")
    refused(await admin.post("/_admin/import", {"version": 1, "sample_data": {name: [{"name": "d"}]}}), "id")
    replies = await asyncio.gather(*(admin.post(f"/{name}", {"name": "c"}) for _ in range(20)))
    assert {reply.status for reply in replies} == {422}
    assert (await admin.get(f"/{name}")).meta["total"] == 2


async def test_numbers_that_round_beyond_the_precision_are_refused(admin: Client) -> None:
    fields = ({"name": "price", "type": "decimal", "precision": 2}, {"name": "exact", "type": "decimal"})
    await admin.define(entity("priced", *fields))
    for value in ("9999999999999999.995", "-9999999999999999.999"):
        raw = b'{"price": %s}' % value.encode()
        assert (await admin.request("POST", "/priced", None, raw)).expect(422).details[0]["field"] == "price"
    raw = b'{"price": 9999999999999999.994, "exact": 0.%s}' % (b"1" * 16_383)
    (await admin.request("POST", "/priced", None, raw)).expect(201)
    raw = b'{"exact": 0.%s}' % (b"1" * 16_384)
    assert (await admin.request("POST", "/priced", None, raw)).expect(422).details[0]["field"] == "exact"


async def test_keys_and_pairs_too_long_together_are_refused(admin: Client) -> None:
    await admin.define(PARTED)
    row = dict.fromkeys("abc", "é" * 250)
    (await admin.post("/parted", row)).expect(201)
    row = dict.fromkeys("abc", "😀" * 250)
    reply = (await admin.post("/parted", row)).expect(422)
    assert [detail["field"] for detail in reply.details] == ["a", "b", "c"]
    (await admin.post("/_admin/import", {"version": 1, "sample_data": {"parted": [row]}})).expect(422)
    await admin.define(entity("side", text("code", unique=True)))
    await admin.define(entity("other"))
    joined = relation("others", "many_to_many", "side", "other", source_key="code", join_table="side_others",
                      source_join_key="side_code", target_join_key="other_id")  # fmt: skip
    await admin.define(joined, "relations")
    other = (await admin.post("/other", {})).expect(201).data["id"]
    for code, status in ((noise(1_900), 201), (noise(2_100), 422), ("a" * 5_000, 422)):
        reply = (await admin.post("/side", {"code": code, "others": {"data": [{"id": other}]}})).expect(status)
    assert reply.details[0]["relation"] == "others"


async def test_oversized_json_values_and_references_are_refused(admin: Client) -> None:
    await admin.define(entity("doc", {"name": "body", "type": "json", "unique": True}))
    refused(await admin.post("/doc", {"body": {"a": noise(2_720)}}), "body")
    refused(await admin.post("/doc", {"body": {"a": noise(9_000)}}), "body")
    (await admin.post("/doc", {"body": {"a": "b" * 9_000}})).expect(201)


async def test_a_plan_counts_values_too_long_for_a_new_index(stack: Stack, admin: Client) -> None:
    plain = entity("plain", text("a"), text("b"), {"name": "c", "type": "json"}, text("parent"))
    await admin.define(plain)
    for value in (noise(2_600), noise(2_720), noise(9_000), "a" * 30_000):
        (await admin.post("/plain", {"a": value, "b": value, "c": {"a": value}, "parent": value})).expect(201)
    changed = entity("plain", text("a", indexed=True), text("b", unique=True),
                     {"name": "c", "type": "json", "unique": True}, text("parent"))  # fmt: skip
    plan = (await admin.put("/_admin/entities/plain?dry_run=true", changed)).expect(200).data
    assert plan["violations"] == [
        {"entity": "plain", "field": field, "rule": "limit", "rows": 2} for field in ("a", "b", "c")
    ]
    for name, setting in (("a", "indexed"), ("b", "unique"), ("c", "unique")):
        fields = [{**f, setting: True} if f["name"] == name else f for f in plain["fields"]]
        refused(await admin.put("/_admin/entities/plain", {**plain, "fields": fields}), name)
    await admin.define(entity("source", text("key", unique=True)))
    kids = relation("kids", "one_to_many", "source", "plain", source_key="key", target_key="parent")
    refused(await admin.post("/_admin/relations", kids), "parent")
    assert await indexes(stack, admin, "plains") == []
    for row in (await admin.get("/plain")).data:
        if len(row["a"]) in (2_720, 9_000):
            (await admin.delete(f"/plain/{row['id']}")).expect(200)
    (await admin.put("/_admin/entities/plain", changed)).expect(200)

    async def built() -> bool:
        return len(await indexes(stack, admin, "plains")) == 3

    await eventually(built)


async def test_removed_columns_count_towards_the_column_limit(admin: Client) -> None:
    def wide(turn: int, fields: int = 399) -> dict[str, Any]:
        return entity("wide", *(integer(f"f{turn}x{n}") for n in range(fields)))

    await admin.define(wide(0))
    for turn in (1, 2, 3):
        (await admin.put("/_admin/entities/wide", wide(turn))).expect(200)
    # The key and the version are columns, too: two are left.
    for path in ("?dry_run=true", ""):
        reply = (await admin.put(f"/_admin/entities/wide{path}", wide(4, 3))).expect(422)
        assert reply.details[0]["field"] == "fields" and "1,600" in reply.body["error"]["message"]
    row = {f"f3x{n}": n for n in range(60)}
    made = (await admin.post("/wide", row)).expect(201).data
    changed = (await admin.put(f"/wide/{made['id']}", {name: n + 1 for name, n in row.items()})).expect(200)
    assert changed.data["f3x59"] == 60
    (await admin.put("/wide/_bulk", [{"id": made["id"], **row}])).expect(200)
    (await admin.post(f"/_commits/{changed.headers['X-Commit']}/undo")).expect(409)
    (await admin.put("/_admin/entities/wide", wide(4, 2))).expect(200)


async def test_texts_beyond_a_new_length_limit_stay_readable(admin: Client) -> None:
    long = entity("page", text("title", max_length=2_000), {"name": "body", "type": "text"},
                  {"name": "data", "type": "json", "max_length": 30})  # fmt: skip
    await admin.define(long)
    for field, value in (("title", "x" * 2_001), ("body", "x" * 1_000_001), ("data", {"a": "x" * 30})):
        for reply in (
            await admin.post("/page", {field: value}),
            await admin.post("/page/_bulk", [{field: value}]),
            await admin.post("/_admin/import", {"version": 1, "sample_data": {"page": [{field: value}]}}),
        ):
            assert reply.expect(422).details[0]["field"] == field, reply.body
    key = (await admin.post("/page", {"title": "x" * 2_000, "body": "y" * 1_000_000})).expect(201).data["id"]
    fields = [{**f, "max_length": 100} if f["name"] in ("title", "body") else f for f in long["fields"]]
    plan = (await admin.put("/_admin/entities/page?dry_run=true", {**long, "fields": fields})).expect(200).data
    assert plan["violations"] == [
        {"entity": "page", "field": field, "rule": "max_length", "rows": 1} for field in ("title", "body")
    ]
    (await admin.put("/_admin/entities/page", {**long, "fields": fields})).expect(200)
    assert len((await admin.get(f"/page/{key}")).data["body"]) == 1_000_000
    (await admin.put(f"/page/{key}", {"data": {"a": 1}})).expect(200)
    (await admin.put(f"/page/{key}", {"title": "x" * 101})).expect(422)
    for wrong in (integer("n", max_length=5), text("n", max_length=0), text("n", max_length=10_000_001)):
        assert (await admin.post("/_admin/entities", entity("other", wrong))).status == 422
    short = text("n", max_length=2, default="abc")
    assert (await admin.post("/_admin/entities", entity("other", short))).status == 422
