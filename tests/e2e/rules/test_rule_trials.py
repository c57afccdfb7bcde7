"""`rules/try` evaluates a rule or guard on stored records before it is saved."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.embedded.stack import Stack
from tests.support.app_database import app_connection
from tests.support.client import Client, entity, integer, text

ITEM = entity(
    "item",
    text("title"),
    text("status"),
    integer("count"),
    {"name": "total", "type": "decimal", "precision": 2},
    {"name": "due", "type": "date"},
    {"name": "tags", "type": "json"},
    soft_delete=True,
)
ITEM["primary_key"] = {"field": "id", "type": "int", "generated": True}
ITEM["fields"][0] = {"name": "id", "type": "int"}
ROWS: list[dict[str, Any]] = [
    {"title": "one", "status": "open", "count": 1, "total": 0.5, "due": "2026-01-01"},
    {"title": "Two", "status": "open", "count": 5, "total": 9.99, "tags": ["a"]},
    {"title": "", "status": "closed", "count": None, "due": "2020-01-01"},
    {"title": "four", "status": "closed", "count": 9},
]


@pytest.fixture(scope="module")
async def items(common_admin: Client) -> Client:
    """Items 1 to 4, and one that is deleted; nobody changes them."""
    return await with_items(common_admin)


@pytest.fixture
async def own_items(admin: Client) -> Client:
    """The same, for a test that changes them."""
    return await with_items(admin)


async def with_items(admin: Client) -> Client:
    await admin.define(ITEM)
    for row in [*ROWS, {"title": "gone", "count": 100}]:
        (await admin.post("/item", row)).expect(201)
    (await admin.delete("/item/5")).expect(200)
    return admin


def expression(text: str, hook: str = "before_write", **more: Any) -> dict[str, Any]:
    definition = {"expression": text, "message": "no"}
    return {"entity": "item", "hook": hook, "type": "expression", "definition": definition, **more}


def field(name: str, operator: str, value: Any = None) -> dict[str, Any]:
    definition = {"field": name, "operator": operator, "value": value}
    return {"entity": "item", "hook": "before_write", "type": "field", "definition": definition}


def guard(text: str, **more: Any) -> dict[str, Any]:
    return {"entity": "item", "guard": text, **more}


@pytest.mark.parametrize(
    ("tried", "ids"),
    [
        # SQL says these
        (expression("record.count > 4"), [2, 4]), (expression("record.total * 2 == 1"), [1]),
        (expression("old.title == 'one' && action == 'update'"), [1]),
        (expression("'admin' in user.roles"), [1, 2, 3, 4]),
        (expression("action == 'delete' && record.count == nil", "before_delete"), [3]),
        (field("count", "min", 5), [1]), (field("count", "in", [1, 9]), [2]), (field("title", "not_empty"), [3]),
        (field("title", "min_length", 4), [1, 2, 3]), (field("due", "gte", "2026-01-01"), [3]),
        (field("count", "required"), [3]), (field("title", "neq", "four"), [4]),
        (guard("record.count > 4"), [1, 3]), (guard("record.count > 4", field="status", **{"from": "open"}), [1]),
        (guard("record.count > 4", field="status", to="closed"), [1, 3]),
        # and for these each record is looked at
        (expression("lower(record.title) == 'two'"), [2]), (expression("len(record.tags) == 1"), [2]),
        (expression("record.title > 5"), [1, 2, 3, 4]), (field("title", "pattern", "^[a-z]"), [2, 3]),
        (field("tags", "not_empty"), []), (guard("upper(record.title) == 'ONE'"), [2, 3, 4]),
        (guard("record.status != old.status", field="status", to="closed"), [3, 4]),
        (guard("record.status != old.status", field="status", to="closed", **{"from": ["open", "lost"]}), []),
        (
            {
                "entity": "item", "hook": "before_write", "type": "computed",
                "definition": {"field": "count", "expression": "10 / (record.count - 1)"},
            },
            [1, 2, 4],
        ),
    ],
)  # fmt: skip
async def test_violating_records_are_listed(items: Client, tried: dict[str, Any], ids: list[int]) -> None:
    found = (await items.post("/_admin/rules/try", tried)).expect(200).data
    looked_at = 2 if "from" in tried else 4
    assert found == {"violating": len(ids), "looked_at": looked_at, "complete": True, "ids": ids}
    assert (await items.get("/_admin/rules")).data == []


@pytest.mark.parametrize("text", ["record.id > 0", "lower('A') == 'a' && upper(record.title) != 'x'"])
async def test_the_number_of_listed_ids_is_limited(items: Client, text: str) -> None:
    found = (await items.post("/_admin/rules/try", expression(text, limit=2))).expect(200).data
    assert (found["violating"], found["ids"]) == (4, [1, 2])


@pytest.mark.parametrize(
    "tried",
    [
        {}, expression("record.count >"),
        expression("new Date(1)"), expression("1", limit=0), expression("1", limit="5"),
        {**expression("1"), "entity": "unheard"}, {**expression("1"), "hook": "sometime"}, field("unheard", "min", 1),
        field("title", "min", 1), guard("record.count >"), guard("true", to="x"), guard("true", field="unheard"),
        guard("true", unknown=1),
        {**expression("1"), "definition": {"expression": "1", "related_load": [{"relation": "lines"}]}},
    ],
)  # fmt: skip
async def test_untestable_rules_are_refused(items: Client, tried: dict[str, Any]) -> None:
    assert (await items.post("/_admin/rules/try", tried)).expect(422).code == "VALIDATION_FAILED"


async def test_rules_without_sql_report_how_many_records_were_tried(own_items: Client, stack: Stack) -> None:
    async with app_connection(stack, own_items) as connection:
        rows = "SELECT 'many', 7, 1 FROM generate_series(1, 10000)"
        await connection.execute(f"INSERT INTO records.items (title, count, _version) {rows}")
    asked = (await own_items.post("/_admin/rules/try", expression("record.count == 7", limit=1))).expect(200).data
    assert (asked["violating"], asked["looked_at"], asked["complete"]) == (10_000, 10_004, True)
    looked = (await own_items.post("/_admin/rules/try", expression("lower(record.title) == 'many'"))).expect(200).data
    assert looked["complete"] is False
    assert looked["violating"] == looked["looked_at"] - 4 <= 9_996


async def test_rules_are_tried_on_records_of_the_past_and_on_a_sample(own_items: Client) -> None:
    before = (await own_items.put("/item/1", {"title": "before"})).headers["X-Commit"]
    (await own_items.put("/item/1", {"title": "after"})).expect(200)
    (await own_items.delete("/item/2")).expect(200)
    for condition in ("record.title == 'before'", "lower(record.title) == 'before'"):
        now = (await own_items.post("/_admin/rules/try", expression(condition))).expect(200).data
        assert (now["violating"], now["looked_at"]) == (0, 3)
        past = (await own_items.post("/_admin/rules/try", expression(condition, as_of=before))).expect(200).data
        assert past == {"violating": 1, "looked_at": 4, "complete": True, "ids": [1]}

    for count, violating in (("7", 1), (3, 0), (None, 0)):
        tried = expression("record.count > 5", record={"count": count})
        found = (await own_items.post("/_admin/rules/try", tried)).expect(200).data
        assert found == {"violating": violating, "looked_at": 1, "complete": True, "ids": []}
    for wrong in ({"cuont": 1}, {"count": "many"}, [1]):
        (await own_items.post("/_admin/rules/try", expression("1", record=wrong))).expect(422)
    (await own_items.post("/_admin/rules/try", expression("1", record={}, as_of=before))).expect(422)
    (await own_items.post("/_admin/rules/try", expression("1", as_of="yesterday"))).expect(400)


async def test_an_entity_without_records_violates_nothing(admin: Client) -> None:
    await admin.define(ITEM)
    for tried in ("record.count > 1", "lower(record.title) == 'a'"):
        found = (await admin.post("/_admin/rules/try", expression(tried))).expect(200).data
        assert found == {"violating": 0, "looked_at": 0, "complete": True, "ids": []}


async def test_only_admins_try_rules(items: Client) -> None:
    user = await items.user("u@x.y", ["clerk"])
    (await user.post("/_admin/rules/try", expression("true"))).expect(403)
    (await items.with_token("").post("/_admin/rules/try", expression("true"))).expect(401)
