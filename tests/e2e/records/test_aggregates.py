"""`_aggregate`: grouped figures about records."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.client import Client, entity, integer, text
from tests.support.relations import allow, define_shop, make, where

SALE = entity(
    "sale", text("status"), integer("amount"), {"name": "price", "type": "decimal", "precision": 2},
    {"name": "created_at", "type": "timestamp"}, {"name": "day", "type": "date"}, {"name": "data", "type": "json"},
    {"name": "paid", "type": "boolean"}, integer("count"), soft_delete=True,
)  # fmt: skip
ROWS: list[dict[str, Any]] = [
    {"status": "open", "amount": 1, "price": 1.5, "created_at": "2026-01-31T23:30:00Z", "day": "2026-01-31"},
    {"status": "open", "amount": 5, "price": 2.25, "created_at": "2026-02-01T00:30:00+01:00", "day": "2026-02-01"},
    {"status": "done", "amount": 7, "price": None, "created_at": "2026-02-01T10:59:59.9Z", "day": "2026-05-05"},
    {"status": None, "amount": None, "price": 9, "created_at": None, "day": None},
]


@pytest.fixture(scope="module")
async def sales(common_admin: Client) -> Client:
    """The admin of an app with sales that are only looked at."""
    return await with_sales(common_admin)


@pytest.fixture
async def own_sales(admin: Client) -> Client:
    """The same, for a test that changes them, or who may see them."""
    return await with_sales(admin)


async def with_sales(admin: Client) -> Client:
    await admin.define(SALE)
    for row in ROWS:
        await make(admin, "sale", **row)
    gone = await make(admin, "sale", status="open", amount=1000)
    (await admin.delete(f"/sale/{gone['id']}")).expect(200)
    return admin


async def figures(caller: Client, query: str) -> list[Any]:
    """The groups that a query answers."""
    groups: list[Any] = (await caller.get(f"/sale/_aggregate?{query}")).expect(200).data
    return groups


async def test_aggregates_of_all_records(sales: Client) -> None:
    assert await figures(sales, "") == [{"count": 4}]
    whole = await figures(sales, "count=*&sum=amount,price&avg=amount&min=status,day&max=price,created_at")
    assert whole == [
        {
            "count": 4,
            "sum": {"amount": 13, "price": 12.75},
            "avg": {"amount": pytest.approx(13 / 3)},
            "min": {"status": "done", "day": "2026-01-31"},
            "max": {"price": 9.0, "created_at": "2026-02-01T10:59:59.9+00:00"},
        }
    ]


async def test_aggregates_of_no_records(sales: Client) -> None:
    query = "count=*&sum=amount&filter[amount.gt]=100"
    assert await figures(sales, query) == [{"count": 0, "sum": {"amount": None}}]
    assert await figures(sales, query + "&group_by=status") == []


async def test_group_by(sales: Client) -> None:
    reply = await sales.get("/sale/_aggregate?sum=amount&group_by=status")
    assert reply.data == [
        {"status": None, "sum": {"amount": None}},
        {"status": "done", "sum": {"amount": 7}},
        {"status": "open", "sum": {"amount": 6}},
    ]
    assert reply.meta == {"page": 1, "per_page": 25, "total": 3}
    two = await figures(sales, "group_by=status,paid&filter[status]=open")
    assert two == [{"status": "open", "paid": None, "count": 2}]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("created_at.year", [None, "2026-01-01"]), ("created_at.quarter", [None, "2026-01-01"]),
        ("created_at.month", [None, "2026-01-01", "2026-02-01"]), ("created_at.week", [None, "2026-01-26"]),
        ("created_at.day", [None, "2026-01-31", "2026-02-01"]),
        ("created_at.hour", [None, "2026-01-31T23:00:00+00:00", "2026-02-01T10:00:00+00:00"]),
        ("day.year", [None, "2026-01-01"]), ("day.quarter", [None, "2026-01-01", "2026-04-01"]),
        ("day.week", [None, "2026-01-26", "2026-05-04"]),
    ],
)  # fmt: skip
async def test_dates_are_truncated_in_utc(sales: Client, part: str, expected: list[Any]) -> None:
    assert [group[part] for group in await figures(sales, f"group_by={part}")] == expected


async def test_dates_are_truncated_in_the_time_zone_that_is_asked_for(sales: Client) -> None:
    def moments(part: str, zone: str) -> str:
        return f"group_by=created_at.{part}&tz={quote(zone, safe='')}&filter[created_at.is_not_null]="

    local = await figures(sales, moments("month", "Europe/Berlin"))
    assert [group["created_at.month"] for group in local] == ["2026-02-01"]
    assert [group["count"] for group in local] == [3]
    hours = await figures(sales, moments("hour", "Asia/Kolkata"))
    assert [group["created_at.hour"][11:16] for group in hours] == ["23:30", "10:30"]
    refused = (await sales.get("/sale/_aggregate?tz=Europe/Berlni")).expect(400)
    assert refused.details[0]["field"] == "tz" and "Europe/Berlin" in refused.details[0]["message"]


async def test_distinct_values_are_counted(sales: Client) -> None:
    rows = await figures(sales, "count_distinct=status,amount,paid&count=*")
    assert rows == [{"count": 4, "count_distinct": {"status": 2, "amount": 3, "paid": 0}}]
    by_status = await figures(sales, "count_distinct=amount&group_by=status&having[count_distinct.amount.gte]=2")
    assert by_status == [{"status": "open", "count_distinct": {"amount": 2}}]


async def test_records_are_grouped_by_fields_of_the_related_record(admin: Client) -> None:
    await define_shop(admin)
    ann, bob = [await make(admin, "customer", name=name) for name in ("Ann", "Bob")]
    for total, customer in ((1, ann), (2, ann), (4, bob), (8, None)):
        await make(admin, "order", title=f"n{total}", total=total, customer_id=customer and customer["id"])
    path = "/order/_aggregate?sum=total&group_by=customer.name&sort=-sum.total"
    expected = [(None, 8), ("Bob", 4), ("Ann", 3)]
    assert [(row["customer.name"], row["sum"]["total"]) for row in (await admin.get(path)).expect(200).data] == expected
    changed = (await admin.put(f"/customer/{bob['id']}", {"name": "Zoe"})).expect(200)
    past = (await admin.get(f"{path}&as_of={int(changed.headers['X-Commit']) - 1}")).expect(200).data
    assert [row["customer.name"] for row in past] == [None, "Bob", "Ann"]
    many = (await admin.get("/customer/_aggregate?group_by=orders.title")).expect(400)
    assert many.code in ("INVALID_PAYLOAD", "UNKNOWN_FIELD")
    assert (await admin.get("/order/_aggregate?group_by=customer.nope")).expect(400).code == "UNKNOWN_FIELD"
    # Who may not see a customer, or its name, learns nothing from the groups.
    await allow(admin, "order")
    caller = await admin.user("sales@example.com", ["sales"])
    assert (await caller.get(path)).expect(403).code == "FORBIDDEN"
    await allow(admin, "customer", where("name", "Ann"))
    seen = [(row["customer.name"], row["sum"]["total"]) for row in (await caller.get(path)).expect(200).data]
    assert seen == [(None, 12), ("Ann", 3)]


@pytest.mark.parametrize(
    ("having", "expected"),
    [
        ("count]=2", ["open"]), ("count.gte]=2", ["open"]), ("count.in]=1,3", [None, "done"]),
        ("sum.amount.gt]=6", ["done"]), ("sum.amount.between]=6,7", ["done", "open"]), ("avg.amount]=3", ["open"]),
        ("max.price.gt]=2.2", [None, "open"]), ("min.day.lt]=2026-02-01", ["open"]),
        ("sum.price.is_null]=", ["done"]), ("sum.amount.neq]=6", [None, "done"]),
        ("count]=1&having[sum.amount]=7", ["done"]),
    ],
)  # fmt: skip
async def test_having(sales: Client, having: str, expected: list[Any]) -> None:
    assert [group["status"] for group in await figures(sales, f"group_by=status&having[{having}")] == expected


async def test_groups_are_sorted_and_paged(sales: Client) -> None:
    async def statuses(query: str) -> list[Any]:
        return [group["status"] for group in await figures(sales, f"group_by=status&count=*&sum=amount&{query}")]

    assert await statuses("sort=-sum.amount") == ["done", "open", None]
    assert await statuses("sort=-count") == ["open", None, "done"]
    assert await statuses("sort=-status") == ["open", "done", None]
    assert await statuses("sort=-count,-status&per_page=1&page=2") == ["done"]
    assert (await sales.get("/sale/_aggregate?group_by=status&page=9")).body == {
        "data": [], "meta": {"page": 9, "per_page": 25, "total": 3},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("sum=nope", "UNKNOWN_FIELD"), ("group_by=nope", "UNKNOWN_FIELD"), ("group_by=data", "UNKNOWN_FIELD"),
        ("sort=amount", "UNKNOWN_FIELD"), ("sort=sum.amount", "UNKNOWN_FIELD"), ("having[nope]=1", "UNKNOWN_FIELD"),
        ("having[sum]=1", "UNKNOWN_FIELD"), ("having[sum.nope]=1", "UNKNOWN_FIELD"),
        ("filter[nope]=1", "UNKNOWN_FIELD"),
        ("sum=status", "INVALID_PAYLOAD"), ("max=paid", "INVALID_PAYLOAD"), ("count=amount", "INVALID_PAYLOAD"),
        ("group_by=status.month", "INVALID_PAYLOAD"), ("group_by=created_at.minute", "INVALID_PAYLOAD"),
        ("group_by=day.hour", "INVALID_PAYLOAD"), ("group_by=count&count=*", "INVALID_PAYLOAD"),
        ("having[count.gt]=x", "INVALID_PAYLOAD"), ("having[count.like]=1", "INVALID_PAYLOAD"),
        ("having[sum.amount.gt.gt]=1", "INVALID_PAYLOAD"),
        ("group_by=id,status,amount,price,day,paid", "INVALID_PAYLOAD"), ("count_distinct=data", "INVALID_PAYLOAD"),
        ("group_by=nope.name", "UNKNOWN_FIELD"), ("tz=", "INVALID_PAYLOAD"), ("as_of=x", "INVALID_PAYLOAD"),
    ],
)  # fmt: skip
async def test_invalid_aggregates_are_refused(sales: Client, query: str, code: str) -> None:
    assert (await sales.get(f"/sale/_aggregate?{query}")).expect(400).code == code


async def test_a_field_named_count_can_be_grouped_by(sales: Client) -> None:
    assert await figures(sales, "group_by=count&sum=amount") == [{"count": None, "sum": {"amount": 13}}]


async def test_only_readable_records_are_counted(own_sales: Client) -> None:
    caller = await own_sales.user("sales@example.com", ["sales"])
    assert (await caller.get("/sale/_aggregate")).expect(403).code == "FORBIDDEN"
    await allow(own_sales, "sale", where("status", "open"))
    assert await figures(caller, "sum=amount&group_by=status") == [{"status": "open", "sum": {"amount": 6}}]
    assert (await caller.get("/nope/_aggregate")).expect(404).code == "UNKNOWN_ENTITY"


async def test_aggregates_of_deleted_records_and_as_of(own_sales: Client) -> None:
    assert await figures(own_sales, "max=amount&deleted=only") == [{"max": {"amount": 1000}}]
    record = (await own_sales.get("/sale?filter[amount]=7")).data[0]
    changed = await own_sales.put(f"/sale/{record['id']}", {"amount": 8})
    before = int(changed.headers["X-Commit"]) - 1
    assert await figures(own_sales, f"max=amount&as_of={before}") == [{"max": {"amount": 7}}]
    assert await figures(own_sales, "max=amount") == [{"max": {"amount": 8}}]


async def test_filters_and_search_limit_aggregates(admin: Client) -> None:
    await define_shop(admin)
    ann = await make(admin, "customer", name="Ann")
    for total in (1, 2):
        await make(admin, "order", title=f"n{total}", total=total, customer_id=ann["id"])
    await make(admin, "order", title="other", total=50)
    by_relation = await admin.get(f"/order/_aggregate?sum=total&filter[customer.name]={quote('Ann')}")
    assert by_relation.data == [{"sum": {"total": 3}}]
    assert (await admin.get("/order/_aggregate?sum=total&q=OTHER")).data == [{"sum": {"total": 50}}]
