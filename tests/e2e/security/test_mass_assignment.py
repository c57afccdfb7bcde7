"""Server-set fields of a record cannot be written on any path."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.client import Client, entity, text
from tests.support.relations import reference

LONG_AGO = "2001-02-03T04:05:06+00:00"
SOMEBODY = "00000000-0000-4000-8000-000000000001"
MADE = {"name": "made", "type": "timestamp", "auto": "create"}
CHANGED = {"name": "changed", "type": "timestamp", "auto": "update"}
OWN = (text("title"), MADE, CHANGED)
SYSTEM = {"id": SOMEBODY, "made": LONG_AGO, "changed": LONG_AGO}
"""Values for every field that is the server's."""
LINES = {"name": "lines", "type": "one_to_many", "source": "order", "target": "line", "target_key": "order_id"}


@pytest.fixture(scope="module")
async def shop(common_admin: Client) -> Client:
    await common_admin.define(entity("order", *OWN, soft_delete=True))
    await common_admin.define(entity("line", *OWN, reference("order_id"), soft_delete=True))
    await common_admin.define(LINES, "relations")
    return common_admin


def of_the_server(record: dict[str, Any]) -> dict[str, Any]:
    return {name: record.get(name) for name in ("id", "made", "changed")}


async def is_untouched(shop: Client, name: str, record_id: str) -> dict[str, Any]:
    """The record as it is shown: alive, of its own id, made today."""
    record: dict[str, Any] = (await shop.get(f"/{name}/{record_id}")).expect(200).data
    assert record["id"] != SOMEBODY
    assert LONG_AGO not in record.values()
    return record


async def test_creates_cannot_set_server_fields(shop: Client) -> None:
    sent = {**SYSTEM, "title": "one"}
    single = (await shop.post("/order", sent)).expect(201).data
    [in_bulk] = (await shop.post("/order/_bulk", [sent])).expect(201).data["ids"]
    tree = (await shop.post("/order", {**sent, "lines": {"data": [{"title": "child", "made": LONG_AGO}]}})).expect(201)
    for record_id in (single["id"], in_bulk, tree.data["id"]):
        await is_untouched(shop, "order", record_id)
    [line] = (await shop.get(f"/line?filter[order_id]={tree.data['id']}")).expect(200).data
    await is_untouched(shop, "line", line["id"])


async def test_updates_cannot_set_server_fields(shop: Client) -> None:
    order = (await shop.post("/order", {"title": "one", "lines": {"data": [{"title": "child"}]}})).expect(201).data
    [line] = (await shop.get(f"/line?filter[order_id]={order['id']}")).expect(200).data
    before = of_the_server(order)
    (await shop.put(f"/order/{order['id']}", {**SYSTEM, "title": "two"})).expect(200)
    (await shop.put(f"/order/{order['id']}", {"lines": {"data": [{**SYSTEM, "id": line["id"]}]}})).expect(200)
    after = await is_untouched(shop, "order", order["id"])
    assert (after["title"], after["id"], after["made"]) == ("two", before["id"], before["made"])
    assert (await is_untouched(shop, "line", line["id"]))["made"] == line["made"]


@pytest.mark.parametrize("name", ["deleted_at", "_version", "version", "commit_id", "user_id"])
async def test_metadata_of_a_record_is_no_field(shop: Client, name: str) -> None:
    refused = (await shop.post("/order", {"title": "one", name: "7"})).expect(422)
    assert [detail["field"] for detail in refused.details] == [name]
