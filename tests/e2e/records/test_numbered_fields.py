"""Numbered fields: in order, unique, gap-free where that is asked for, whatever refuses a write or runs beside it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.client import Client, Reply, entity, integer, text
from tests.support.relations import make, reference
from tests.support.replays import verified

YEAR = datetime.now(UTC).year
NUMBER = {"name": "number", "type": "string", "auto": "sequence", "format": "PO-{year}-{n:03}"}
INVOICE_NUMBER = {
    "name": "invoice_no", "type": "string", "auto": "sequence", "format": "{field:region}/{n}", "gapless": True,
}  # fmt: skip
ORDER = entity("order", NUMBER, text("title", required=True), integer("amount"), soft_delete=True)
LINE = entity("line", {**NUMBER, "format": "L{n}"}, text("sku", unique=True), reference("order_id"))
INVOICE = entity("invoice", INVOICE_NUMBER, text("region"), text("code", unique=True))


def order_no(number: int) -> str:
    return f"PO-{YEAR}-{number:03}"


@pytest.fixture
async def shop(admin: Client) -> Client:
    await admin.define(ORDER)
    await admin.define(LINE)
    await admin.define(INVOICE)
    await admin.relate("lines", "one_to_many", "order", "line", target_key="order_id", on_delete="cascade")
    return admin


async def numbers(caller: Client, name: str, field: str, query: str = "") -> list[str]:
    rows = (await caller.get(f"/{name}?per_page=100&sort=id&{query}")).expect(200).data
    return [row[field] for row in rows]


async def test_new_records_are_numbered_on_every_way_of_writing(shop: Client) -> None:
    first = await make(shop, "order", title="a", number="PO-1")
    assert first["number"] == order_no(1), "what a client sends is ignored, as for other auto values"
    (await shop.post("/order", {"title": None})).expect(422)
    nested = {"title": "b", "lines": {"data": [{"sku": "x"}, {"sku": "y"}]}}
    second = (await shop.post("/order", nested)).expect(201).data
    bulk = (await shop.post("/order/_bulk", [{"title": str(n)} for n in range(5)])).expect(201).data["ids"]
    assert second["number"] == order_no(2)
    assert [(await shop.get(f"/order/{key}")).data["number"] for key in bulk] == [order_no(n) for n in range(3, 8)]
    assert sorted(await numbers(shop, "line", "number")) == ["L1", "L2"]
    path = f"/order/{first['id']}"
    assert (await shop.put(path, {"number": "mine", "title": "c"})).expect(200).data["number"] == order_no(1)
    kept = await shop.post("/order", {"title": "once"}, Idempotency_Key="k")
    again = await shop.post("/order", {"title": "once"}, Idempotency_Key="k")
    assert kept.expect(201).data == again.expect(201).data
    assert kept.data["number"] == order_no(8)
    assert (await shop.get("/order?filter[number.starts_with]=PO-&sort=-number")).data[0]["number"] == order_no(8)
    rehearsed = await shop.post("/order/_bulk?dry_run=true", [{"title": "d"}, {"title": "e"}])
    assert rehearsed.expect(200).data["created"] == 2
    assert (await make(shop, "order", title="f"))["number"] == order_no(9), "a dry run takes no numbers"


async def test_numbers_stay_what_they_are(shop: Client) -> None:
    order = await make(shop, "order", title="a")
    removed = await shop.delete(f"/order/{order['id']}")
    assert (await make(shop, "order", title="b"))["number"] == order_no(2), "no number is given twice"
    (await shop.post(f"/_commits/{removed.headers['X-Commit']}/undo")).expect(200)
    assert (await shop.get(f"/order/{order['id']}")).data["number"] == order_no(1)
    created = await shop.post("/order", {"title": "c"})
    (await shop.post(f"/_commits/{created.headers['X-Commit']}/undo")).expect(200)
    assert (await make(shop, "order", title="d"))["number"] == order_no(4)
    then = created.headers["X-Commit"]
    assert await numbers(shop, "order", "number", f"as_of={then}") == [order_no(n) for n in (1, 2, 3)]
    assert (await shop.get(f"/order/{order['id']}/history")).data[-1]["changed"]["number"]["new"] == order_no(1)
    await verified(shop, "records")


async def test_simultaneous_writes_get_different_numbers(shop: Client) -> None:
    replies = await asyncio.gather(*(shop.post("/order", {"title": str(n)}) for n in range(60)))
    found = sorted(reply.expect(201).data["number"] for reply in replies)
    assert found == [order_no(n) for n in range(1, 61)]


async def test_gapless_numbers_have_no_gaps_by_refused_writes(shop: Client) -> None:
    async def invoice(region: str, code: str) -> Reply:
        return await shop.post("/invoice", {"region": region, "code": code})

    writes = [invoice(region, f"{region}{n // 2}") for n in range(24) for region in ("north", "south")]
    replies = await asyncio.gather(*writes)
    assert sorted(reply.status for reply in replies) == [201] * 24 + [409] * 24
    by_region: dict[str, list[str]] = {}
    for reply in replies:
        if reply.status == 201:
            by_region.setdefault(reply.data["region"], []).append(reply.data["invoice_no"])
    assert {region: len(found) for region, found in by_region.items()} == {"north": 12, "south": 12}
    for region, found in by_region.items():
        assert sorted(found, key=len) and set(found) == {f"{region}/{n}" for n in range(1, 13)}
    missing = (await shop.post("/invoice", {"code": "z"})).expect(422).details[0]
    assert (missing["field"], missing["rule"]) == ("invoice_no", "sequence")
    rows = (await shop.post("/invoice/_bulk", [{"region": "north"}, {"region": "east"}, {"region": "north"}])).expect(
        201
    )
    made = [(await shop.get(f"/invoice/{key}")).data["invoice_no"] for key in rows.data["ids"]]
    assert made == ["north/13", "east/1", "north/14"]


async def test_counters_go_on_after_numbers_that_came_otherwise(admin: Client) -> None:
    plain = {"name": "number", "type": "string"}
    await admin.define(entity("order", plain, text("title")))
    for number in (order_no(41), "PO-old-7", None):
        await make(admin, "order", number=number, title="before")
    numbered = entity("order", NUMBER, text("title"))
    (await admin.put("/_admin/entities/order", numbered)).expect(200)
    assert (await make(admin, "order", title="after"))["number"] == order_no(42)
    rows = [{"number": order_no(n), "title": "imported"} for n in (43, 50, 44)] + [{"title": "without"}]
    document = {"version": 1, "entities": [], "sample_data": {"order": rows}}
    (await admin.post("/_admin/import", document)).expect(200)
    assert (await make(admin, "order", title="next"))["number"] == order_no(51)
    assert sorted(filter(None, await numbers(admin, "order", "number", "filter[title]=imported"))) == [
        order_no(43), order_no(44), order_no(50)
    ]  # fmt: skip
    assert await numbers(admin, "order", "number", "filter[title]=without") == [None]
    wider = entity("order", {**NUMBER, "format": "PO-{year}-{n:05}"}, text("title"))
    (await admin.put("/_admin/entities/order", wider)).expect(200)
    assert (await make(admin, "order", title="wide"))["number"] == f"PO-{YEAR}-00052"
    exported = (await admin.get("/_admin/export")).expect(200).data
    field = next(field for field in exported["entities"][0]["fields"] if field["name"] == "number")
    assert (field["auto"], field["format"]) == ("sequence", "PO-{year}-{n:05}")
    again = {"version": 1, "sample_data": {"order": [{"number": order_no(50), "title": "twice"}]}}
    assert (await admin.post("/_admin/import", again)).status in (409, 422), "numbers are unique without saying so"


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"format": "PO-{yaer}-{n}"}, "fields.1.format", "character 4"),
        ({"format": "PO-{year}"}, "fields.1.format", "no {n}"),
        ({"format": "{n}-{n}"}, "fields.1.format", "character 5"),
        ({"format": "{n:5}"}, "fields.1.format", "character 1"),
        ({"format": "{n}}"}, "fields.1.format", "character 4"),
        ({"format": "{field:nope}-{n}"}, "fields.1.format", "nope"),
        ({"format": "{field:at}-{n}"}, "fields.1.format", "must be one of"),
        ({"format": "{field:title}{n}"}, "fields.1.format", "between"),
        ({"format": None}, "fields.1.format", "required"),
        ({"type": "int"}, "fields.1.auto", "strings"),
        ({"unique": False}, "fields.1.unique", "unique"),
        ({"default": "x"}, "fields.1.default", "not for"),
        ({"auto": None}, "fields.1.format", "numbered"),
    ],
)
async def test_definitions_that_number_nothing_are_refused(
    common_admin: Client, change: dict[str, Any], path: str, words: str
) -> None:
    at = {"name": "at", "type": "timestamp"}
    reply = await common_admin.post("/_admin/entities", entity("thing", {**NUMBER, **change}, text("title"), at))
    [detail] = reply.expect(422).details
    assert detail["field"] == path and words in detail["message"]
