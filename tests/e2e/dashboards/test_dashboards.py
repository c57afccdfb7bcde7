"""Dashboards: figures, tables and timelines with the rights of who looks, of one moment."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.client import Client, entity, text
from tests.support.relations import allow, make, reference, relation, where

SALE = entity(
    "sale", text("status"), {"name": "amount", "type": "decimal"}, reference("customer_id"),
    {"name": "made_at", "type": "timestamp"},
)  # fmt: skip
WIDGETS: list[dict[str, Any]] = [
    {"id": "all", "title": "All", "type": "counter", "query": {"entity": "sale", "count": "*", "sum": ["amount"]}},
    {"id": "again", "title": "All", "type": "counter", "query": {"entity": "sale", "count": "*", "sum": ["amount"]}},
    {"id": "who", "title": "Who", "type": "bar", "query": {
        "entity": "sale", "group_by": ["customer.name"], "sum": ["amount"], "having": {"sum.amount.gt": 1},
        "sort": ["-sum.amount"]}},
    {"id": "month", "title": "Month", "type": "counter", "query": {
        "entity": "sale", "time_field": "made_at", "count": "*", "compare": "previous_period"}},
    {"id": "open", "title": "Open", "type": "table", "query": {
        "entity": "sale", "filter": {"status.in": ["open", "late"]}, "fields": ["status", "amount"],
        "sort": ["amount"]}},
    {"id": "news", "title": "News", "type": "timeline", "query": {"entity": "sale", "activity": True, "limit": 2}},
    {"id": "people", "title": "People", "type": "counter", "query": {"entity": "customer", "count": "*"}},
    {"id": "sla", "title": "In time", "type": "counter", "query": {"kpi": "sla"}},
]  # fmt: skip
ROWS = (("open", 1, "2026-01-10"), ("late", 2, "2026-02-10"), ("done", 4, "2026-02-20"), ("done", 8, "2026-03-01"))


@pytest.fixture(scope="module")
async def shop(common_admin: Client) -> Client:
    """The admin of an app with sales and a dashboard; `clerk` may see the open sales and no customer."""
    admin = common_admin
    await admin.define(entity("customer", text("name")))
    await admin.define(SALE)
    await admin.define(relation("buys", "one_to_many", "customer", "sale", target_key="customer_id"), "relations")
    ann = await make(admin, "customer", name="Ann")
    for number, (status, amount, day) in enumerate(ROWS):
        owner = ann["id"] if number % 2 else None
        await make(admin, "sale", status=status, amount=amount, made_at=f"{day}T12:00:00Z", customer_id=owner)
    await admin.define({"name": "Sales", "widgets": WIDGETS}, "dashboards")
    await admin.define({"name": "Board", "roles": ["boss"], "widgets": []}, "dashboards")
    return admin


async def shown(caller: Client, query: str = "") -> dict[str, Any]:
    widgets: dict[str, Any] = (await caller.get(f"/_dashboards/Sales/data?{query}")).expect(200).data["widgets"]
    return widgets


async def test_widgets_show_what_lists_and_aggregates_show(shop: Client) -> None:
    found = await shown(shop)
    assert list(found) == [each["id"] for each in WIDGETS]
    aggregate = (await shop.get("/sale/_aggregate?count=*&sum=amount")).data
    assert found["all"]["data"] == found["again"]["data"] == aggregate == [{"count": 4, "sum": {"amount": 15}}]
    assert [(row["customer.name"], row["sum"]["amount"]) for row in found["who"]["data"]] == [("Ann", 10), (None, 5)]
    assert found["open"]["data"] == [{"status": "open", "amount": 1}, {"status": "late", "amount": 2}]
    assert [row["changed"]["amount"]["new"] for row in found["news"]["data"]] == [8, 4]
    assert set(found["sla"]["data"][0]) == {"met", "breached"}


async def test_a_time_is_compared_with_the_one_before(shop: Client) -> None:
    widget = (await shown(shop, "widget=month&from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z"))["month"]
    assert widget["data"] == [{"count": 2}]
    assert widget["meta"]["previous"] == {
        "data": [{"count": 1}], "from": "2026-01-04T00:00:00Z", "to": "2026-02-01T00:00:00Z",
    }  # fmt: skip


async def test_a_past_moment_is_shown_as_it_was(shop: Client) -> None:
    await make(shop, "customer", name="Bob")
    row = (await shop.get("/sale?filter[amount]=8")).data[0]
    changed = (await shop.put(f"/sale/{row['id']}", {"amount": 80})).expect(200)
    before = await shown(shop, f"as_of={int(changed.headers['X-Commit']) - 1}")
    assert before["all"]["data"] == [{"count": 4, "sum": {"amount": 15}}]
    assert before["news"]["data"][0]["changed"]["amount"]["new"] == 8
    assert before["sla"]["error"]["code"] == "INVALID_PAYLOAD"
    assert (await shown(shop))["all"]["data"][0]["sum"] == {"amount": 87}
    (await shop.put(f"/sale/{row['id']}", {"amount": 8})).expect(200)


async def test_a_viewer_sees_what_they_may_read_and_no_more(shop: Client) -> None:
    clerk = await shop.user("clerk@example.com", ["sales"])
    assert [row["name"] for row in (await clerk.get("/_dashboards")).expect(200).data] == ["Sales"]
    assert [row["name"] for row in (await shop.get("/_dashboards")).expect(200).data] == ["Board", "Sales"]
    (await clerk.get("/_dashboards/Board")).expect(404)
    (await clerk.get("/_dashboards/Board/data")).expect(404)
    assert {widget["error"]["code"] for name, widget in (await shown(clerk)).items() if name != "sla"} == {"FORBIDDEN"}
    await allow(shop, "sale", where("status", "open"))
    found = await shown(clerk)
    assert found["all"]["data"] == [{"count": 1, "sum": {"amount": 1}}]
    assert found["open"]["data"] == [{"status": "open", "amount": 1}]
    assert [row["changed"]["status"]["new"] for row in found["news"]["data"]] == ["open"]
    assert found["who"]["error"]["code"] == found["people"]["error"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("kind", "query", "path", "words"),
    [
        ("counter", {"entity": "sael"}, "entity", "`sale`"),
        ("counter", {"entity": "sale", "sum": ["amuont"]}, "sum.0", "`amount`"),
        ("counter", {"entity": "sale", "sum": ["status"]}, "sum.0", "has no sum"),
        ("bar", {"entity": "sale"}, "group_by", "required"),
        ("bar", {"entity": "sale", "group_by": ["custmer.name"]}, "group_by.0", "nor"),
        ("bar", {"entity": "sale", "group_by": ["made_at.mnth"]}, "group_by.0", "`month`"),
        ("bar", {"entity": "customer", "group_by": ["buys.amount"]}, "group_by.0", "many"),
        ("bar", {"entity": "sale", "groupby": ["status"]}, "groupby", "`group_by`"),
        ("table", {"entity": "sale", "fields": ["nope"]}, "fields.0", "no field"),
        ("counter", {"entity": "sale", "filter": {"nope": 1}}, "filter.nope", "no field"),
        ("counter", {"entity": "sale", "having": {"sum.amount": 1}}, "having.sum.amount", "none of"),
        ("counter", {"kpi": "slaa"}, "kpi", "sla"),
    ],
)
async def test_mistakes_are_named_when_a_dashboard_is_saved(
    shop: Client, kind: str, query: dict[str, Any], path: str, words: str
) -> None:
    body = {"name": "Wrong", "widgets": [{"id": "a", "title": "A", "type": kind, "query": query}]}
    details = (await shop.post("/_admin/dashboards", body)).expect(422).details
    assert [(each["field"], words in each["message"]) for each in details] == [(f"widgets.0.query.{path}", True)], (
        details
    )


async def test_widgets_suit_their_queries_and_fit_the_grid(shop: Client) -> None:
    table = {"id": "a", "title": "A", "type": "bar", "query": {"entity": "sale", "fields": ["status"]}}
    wide = {"id": "a", "title": "A", "type": "counter", "query": {"entity": "sale"}, "layout": {"x": 10, "w": 6}}
    for widget, path in ((table, "widgets.0.type"), (wide, "widgets.0.layout.w")):
        refused = (await shop.post("/_admin/dashboards", {"name": "Wrong", "widgets": [widget]})).expect(422)
        assert [detail["field"] for detail in refused.details] == [path]


async def test_renames_are_followed(admin: Client) -> None:
    await admin.define(entity("customer", text("name")))
    await admin.define(entity("sale", text("status"), {"name": "amount", "type": "int"}, reference("customer_id")))
    await admin.define(relation("buys", "one_to_many", "customer", "sale", target_key="customer_id"), "relations")
    query = {
        "entity": "sale", "group_by": ["customer.name", "status"], "sum": ["amount"], "having": {"sum.amount.gt": 0},
        "filter": {"customer.name.neq": "x", "amount.gt": 0}, "sort": ["-sum.amount", "customer.name"],
    }  # fmt: skip
    widget = {"id": "a", "title": "A", "type": "bar", "query": query}
    board = await admin.define({"name": "Board", "widgets": [widget]}, "dashboards")
    fields = [{"name": "id", "type": "uuid"}, {**text("title"), "renamed_from": "name"}]
    (await admin.put("/_admin/entities/customer", {**entity("client"), "fields": fields})).expect(200)
    sale = entity(
        "sale", text("status"), {"name": "total", "type": "int", "renamed_from": "amount"}, reference("customer_id")
    )
    (await admin.put("/_admin/entities/sale", sale)).expect(200)
    after = (await admin.get(f"/_admin/dashboards/{board['id']}")).expect(200).data["widgets"][0]["query"]
    assert {key: after[key] for key in query} == {
        "entity": "sale", "group_by": ["client.title", "status"], "sum": ["total"], "having": {"sum.total.gt": 0},
        "filter": {"client.title.neq": "x", "total.gt": 0}, "sort": ["-sum.total", "client.title"],
    }  # fmt: skip
    (await admin.post("/client", {"title": "Ann"})).expect(201)
    assert (await admin.get("/_dashboards/Board/data")).expect(200).data["widgets"]["a"]["data"] == []
    (await admin.get("/_dashboards/Board/data?widget=b")).expect(400)
    (await admin.get("/_dashboards/Board/data?wigdet=a")).expect(400)
