"""Rules: what they refuse, what they compute, and their order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.client import Client, Reply, entity, integer, text
from tests.support.relations import reference

DECIMAL = {"name": "total", "type": "decimal", "precision": 2}
ORDER = entity(
    "order", text("title"), text("code"), integer("count"), DECIMAL,
    {"name": "due", "type": "date"}, {"name": "seen_at", "type": "timestamp"}, soft_delete=True,
)  # fmt: skip
LINE = entity("line", text("sku"), integer("amount"), reference("order_id"))
LINES = {
    "name": "lines", "type": "one_to_many", "source": "order", "target": "line", "target_key": "order_id",
    "on_delete": "cascade",
}  # fmt: skip


@pytest.fixture
async def shop(admin: Client) -> Client:
    """The admin of an app with orders and their lines."""
    return await with_orders(admin)


@pytest.fixture(scope="module")
async def common_shop(common_admin: Client) -> Client:
    """One such app for those tests that don't mind each other's orders."""
    return await with_orders(common_admin)


@pytest.fixture
async def ruleless_shop(common_shop: Client) -> AsyncIterator[Client]:
    """The common one; the rules that a test makes end with it."""
    yield common_shop
    for made in (await common_shop.get("/_admin/rules")).expect(200).data:
        (await common_shop.delete(f"/_admin/rules/{made['id']}")).expect(200)


async def with_orders(admin: Client) -> Client:
    await admin.define(ORDER)
    await admin.define(LINE)
    await admin.define(LINES, "relations")
    return admin


async def rule(shop: Client, kind: str, definition: dict[str, Any], **more: Any) -> dict[str, Any]:
    sent = {"entity": "order", "hook": "before_write", "type": kind, "definition": definition, **more}
    return dict(await shop.define(sent, "rules"))


async def field(shop: Client, name: str, operator: str, value: Any = None, **more: Any) -> None:
    await rule(shop, "field", {"field": name, "operator": operator, "value": value, **more})


async def forbid(shop: Client, expression: str, message: str = "no", hook: str = "before_write", **more: Any) -> None:
    await rule(shop, "expression", {"expression": expression, "message": message, **more}, hook=hook)


async def compute(shop: Client, name: str, expression: str, **more: Any) -> None:
    await rule(shop, "computed", {"field": name, "expression": expression}, **more)


async def refused(sending: Any) -> list[tuple[str | None, str, str]]:
    reply: Reply = (await sending).expect(422)
    assert reply.code == "VALIDATION_FAILED"
    return [(detail.get("field"), detail["rule"], detail["message"]) for detail in reply.details]


@pytest.mark.parametrize(
    ("name", "operator", "value", "good", "bad"),
    [
        ("count", "min", 2, 2, 1), ("count", "max", 2, 2, 3), ("total", "min", 1.5, 1.5, 1.49),
        ("title", "min_length", 2, "ab", "a"), ("title", "min_length", 1, "a", ""),
        ("title", "max_length", 2, "é😀", "abc"),
        ("code", "pattern", "[A-Z]-[0-9]", "xA-1x", "a-1"), ("count", "eq", 3, 3, 4), ("count", "neq", 3, 4, 3),
        ("count", "gt", 3, 4, 3), ("count", "gte", 3, 3, 2), ("count", "lt", 3, 2, 3), ("count", "lte", 3, 3, 4),
        ("code", "in", ["a", "b"], "b", "c"), ("code", "not_in", ["a", "b"], "c", "a"),
        ("code", "like", "a%z", "abcz", "abc"), ("title", "not_empty", None, " ", ""),
        ("due", "gte", "2026-01-01", "2026-01-01", "2025-12-31"),
    ],
)  # fmt: skip
async def test_field_rules(ruleless_shop: Client, name: str, operator: str, value: Any, good: Any, bad: Any) -> None:
    before = (await ruleless_shop.get("/order")).meta["total"]
    await field(ruleless_shop, name, operator, value)
    order = (await ruleless_shop.post("/order", {name: good})).expect(201).data
    [(told, named, message)] = await refused(ruleless_shop.post("/order", {name: bad}))
    assert (told, named) == (name, operator) and message
    assert await refused(ruleless_shop.put(f"/order/{order['id']}", {name: bad})) == [(told, named, message)]
    for absent in ({}, {name: None}):
        (await ruleless_shop.post("/order", absent)).expect(201)
    (await ruleless_shop.put(f"/order/{order['id']}", {name: None})).expect(200)
    assert (await ruleless_shop.get("/order")).meta["total"] == before + 3


async def test_violations_use_the_rules_message(shop: Client) -> None:
    await field(shop, "count", "min", 1, message="at least one")
    assert await refused(shop.post("/order", {"count": 0})) == [("count", "min", "at least one")]


async def test_updates_check_sent_fields_only(shop: Client) -> None:
    order = (await shop.post("/order", {"count": 0})).expect(201).data
    await field(shop, "count", "min", 1)
    (await shop.put(f"/order/{order['id']}", {"title": "x"})).expect(200)


async def test_all_violations_are_reported_in_order(shop: Client) -> None:
    await compute(shop, "title", "'computed'")
    await rule(shop, "expression", {"expression": "record.count < 9", "message": "e2"}, priority=2)
    await rule(shop, "expression", {"expression": "record.count < 8", "message": "e1"}, priority=1)
    await rule(shop, "field", {"field": "count", "operator": "min", "value": 7, "message": "f2"}, priority=9)
    await rule(shop, "field", {"field": "code", "operator": "eq", "value": "x", "message": "f1"}, priority=-1)
    order = (await shop.post("/order", {"count": 9, "code": "x"})).expect(201).data
    wanted = [("code", "eq", "f1"), ("count", "min", "f2"), (None, "expression", "e1"), (None, "expression", "e2")]
    assert await refused(shop.post("/order", {"count": 1, "code": "y"})) == wanted
    assert await refused(shop.put(f"/order/{order['id']}", {"count": 1, "code": "y"})) == wanted
    assert (await shop.get("/order")).data == [order]
    assert len((await shop.get(f"/order/{order['id']}/history")).data) == 1


async def test_stop_on_fail_ends_the_evaluation(shop: Client) -> None:
    await rule(shop, "field", {"field": "count", "operator": "min", "value": 5, "message": "f1"}, priority=1)
    stop = {"field": "count", "operator": "min", "value": 4, "message": "f2", "stop_on_fail": True}
    await rule(shop, "field", stop, priority=2)
    await rule(shop, "field", {"field": "count", "operator": "min", "value": 3, "message": "f3"}, priority=3)
    await forbid(shop, "record.count < 2", "e")
    assert [told[2] for told in await refused(shop.post("/order", {"count": 1}))] == ["f1", "f2"]
    assert [told[2] for told in await refused(shop.post("/order", {"count": 4}))] == ["f1"]


async def test_expressions_see_record_old_action_user_and_now(shop: Client) -> None:
    clerk = await _clerk(shop)
    await forbid(shop, "action == 'create' && old != nil", "old on create")
    await forbid(shop, "action == 'update' && record.count < old.count", "must not shrink")
    await forbid(shop, "record.title == 'bosses only' && !('boss' in user.roles)", "bosses only")
    await forbid(shop, "record.code != nil && record.code != user.id", "not yours")
    await forbid(shop, "record.seen_at != nil && record.seen_at > now", "the future")
    await forbid(shop, "old != nil && old.title != nil && old.title.length > 99", "never")
    order = (await clerk.post("/order", {"count": 3})).expect(201).data
    path = f"/order/{order['id']}"
    assert await refused(clerk.put(path, {"count": 2})) == [(None, "expression", "must not shrink")]
    (await clerk.put(path, {"count": 4})).expect(200)
    assert await refused(clerk.put(path, {"title": "bosses only"})) == [(None, "expression", "bosses only")]
    assert await refused(clerk.put(path, {"code": "else"})) == [(None, "expression", "not yours")]
    assert await refused(clerk.put(path, {"seen_at": "2999-01-01T00:00:00Z"})) == [(None, "expression", "the future")]
    (await clerk.put(path, {"seen_at": "2001-01-01T00:00:00Z"})).expect(200)


async def _clerk(shop: Client) -> Client:
    for action in ("read", "create", "update"):
        await shop.grant("order", action, "clerk")
    return await shop.user("clerk@example.com", ["clerk"])


async def test_computed_fields_override_and_build_on_one_another(shop: Client) -> None:
    await compute(shop, "count", "len(record.title)", priority=1)
    await compute(shop, "total", "record.count * 1.5", priority=2)
    await compute(shop, "code", "upper(record.title) + '-' + record.count", priority=3)
    order = (await shop.post("/order", {"title": "abc", "count": 99, "code": "sent"})).expect(201).data
    assert (order["count"], order["total"], order["code"]) == (3, 4.5, "ABC-3")
    changed = (await shop.put(f"/order/{order['id']}", {"title": "abcde", "total": 0})).expect(200).data
    assert (changed["count"], changed["total"], changed["code"]) == (5, 7.5, "ABCDE-5")
    assert (await shop.get(f"/order/{order['id']}")).data == changed


@pytest.mark.parametrize("expression", ["'always'", "upper(record.code)", "old.title + '!'", "now"])
async def test_an_empty_update_computes_no_fields(ruleless_shop: Client, expression: str) -> None:
    order = (await ruleless_shop.post("/order", {"title": "x", "code": "c"})).expect(201).data
    await compute(ruleless_shop, "title", expression)
    reply = (await ruleless_shop.put(f"/order/{order['id']}", {})).expect(200)
    assert reply.data == order and reply.headers["ETag"] == '"1"' and "X-Commit" not in reply.headers
    assert len((await ruleless_shop.get(f"/order/{order['id']}/history")).data) == 1


async def test_computed_values_are_validated(shop: Client) -> None:
    await compute(shop, "count", "record.title")
    [(name, kind, _)] = await refused(shop.post("/order", {"title": "no number"}))
    assert (name, kind) == ("count", "computed")


async def test_inactive_and_deleted_rules_are_ignored(shop: Client) -> None:
    await rule(shop, "field", {"field": "count", "operator": "min", "value": 1}, active=False)
    gone = await rule(shop, "expression", {"expression": "true", "message": "never"})
    (await shop.delete(f"/_admin/rules/{gone['id']}")).expect(200)
    (await shop.post("/order", {"count": 0})).expect(201)


async def test_before_delete_sees_the_stored_record(shop: Client) -> None:
    await forbid(shop, "action == 'delete' && old.count > 0", "still counted", hook="before_delete")
    full, free = [(await shop.post("/order", {"count": count})).data for count in (1, 0)]
    assert await refused(shop.delete(f"/order/{full['id']}")) == [(None, "expression", "still counted")]
    (await shop.delete(f"/order/{free['id']}")).expect(200)
    assert (await shop.get("/order")).data == [full]


async def test_related_records_are_loaded_filtered(shop: Client) -> None:
    load = [{"relation": "lines", "filter": {"amount.gt": 5}}]
    await forbid(shop, "len(related.lines) > 0", "has large lines", hook="before_delete", related_load=load)
    await forbid(shop, "len(related.lines) > 1", "many", related_load=load)
    small = (await shop.post("/order", {"lines": {"data": [{"sku": "a", "amount": 5}]}})).expect(201).data
    large = (await shop.post("/order", {"lines": {"data": [{"sku": "b", "amount": 6}]}})).expect(201).data
    (await shop.post("/line", {"sku": "c", "amount": 6, "order_id": large["id"]})).expect(201)
    assert await refused(shop.delete(f"/order/{large['id']}")) == [(None, "expression", "has large lines")]
    assert await refused(shop.put(f"/order/{large['id']}", {"title": "x"})) == [(None, "expression", "many")]
    (await shop.put(f"/order/{small['id']}", {"title": "x"})).expect(200)
    (await shop.delete(f"/order/{small['id']}")).expect(200)


async def test_rules_load_all_related_records(shop: Client) -> None:
    await forbid(shop, "len(related.lines) > 10000", "very many", related_load=[{"relation": "lines", "filter": {}}])
    order = (await shop.post("/order", {"title": "x"})).expect(201).data
    rows = [{"sku": "a", "order_id": order["id"]}] * 10_000
    (await shop.post("/line/_bulk", rows)).expect(201)
    (await shop.put(f"/order/{order['id']}", {"title": "y"})).expect(200)
    (await shop.post("/line", rows[0])).expect(201)
    assert await refused(shop.put(f"/order/{order['id']}", {"title": "z"})) == [(None, "expression", "very many")]


async def test_a_violated_after_write_rule_rolls_the_request_back(shop: Client) -> None:
    await forbid(shop, "record.id == nil || record.count == 13", "unlucky", hook="after_write")
    order = (await shop.post("/order", {"count": 1})).expect(201).data
    body = {"count": 13, "lines": {"data": [{"sku": "a"}]}}
    assert await refused(shop.post("/order", body)) == [(None, "expression", "unlucky")]
    assert await refused(shop.put(f"/order/{order['id']}", body)) == [(None, "expression", "unlucky")]
    assert (await shop.get("/order")).data == [order]
    assert (await shop.get("/line")).data == []


async def test_children_keep_their_own_rules(shop: Client) -> None:
    await rule(shop, "field", {"field": "amount", "operator": "min", "value": 1, "message": "m"}, entity="line")
    await rule(shop, "computed", {"field": "sku", "expression": "upper(record.sku)"}, entity="line")
    bad = {"title": "o", "lines": {"data": [{"sku": "a", "amount": 1}, {"sku": "b", "amount": 0}]}}
    reply = (await shop.post("/order", bad)).expect(422)
    assert [(d["field"], d["rule"], d["path"]) for d in reply.details] == [("amount", "min", "lines[1]")]
    assert (await shop.get("/order")).data == (await shop.get("/line")).data == []
    order = (await shop.post("/order", {"lines": {"data": [{"sku": "a", "amount": 1}]}})).expect(201).data
    [line] = (await shop.get("/line")).data
    assert line["sku"] == "A"
    shrunk = {"lines": {"data": [{"id": line["id"], "amount": 0}]}}
    (await shop.put(f"/order/{order['id']}", shrunk)).expect(422)
    await rule(shop, "expression", {"expression": "true", "message": "kept"}, entity="line", hook="before_delete")
    reply = await shop.put(f"/order/{order['id']}", {"lines": {"data": [{"id": line["id"], "_delete": True}]}})
    assert [detail["message"] for detail in reply.expect(422).details] == ["kept"]
    assert (await shop.get("/line")).data == [line]


@pytest.mark.parametrize(
    "violated",
    [
        "record.count % 2 == 1 && record.count >= 3", "record.count in [3, 5]", "!(record.count < 3)",
        "record.title + record.code == \"abc\"", "contains(record.title, 'b') ? true : false",
        "record.due < '2026-02-01'", "round(record.total) !== 2", "len(lower(trim(record.title))) == 2 || false",
        "max(record.count, 1) - 1 == 2", "starts_with(record.title, 'a') && ends_with(record.code, 'c')",
        "replace(record.title, 'b', '') === 'a'",
    ],
)  # fmt: skip
async def test_expression_functions(ruleless_shop: Client, violated: str) -> None:
    await forbid(ruleless_shop, violated)
    (
        await ruleless_shop.post("/order", {"count": 2, "title": "x", "code": "y", "due": "2026-02-01", "total": 2})
    ).expect(201)
    body = {"count": 3, "title": "ab", "code": "c", "due": "2026-01-31", "total": 2.5}
    assert await refused(ruleless_shop.post("/order", body)) == [(None, "expression", "no")]


@pytest.mark.parametrize("operator", ["eq", "neq", "in", "not_in"])
@pytest.mark.parametrize("value", ["", "x", 1, [""], ["x"], {"a": 1}, [{"a": 1}], [["x"]]])
async def test_field_rules_compare_whole_json_values(common_admin: Client, operator: str, value: Any) -> None:
    """Texts as its value made every write an internal error."""
    if (await common_admin.get("/_admin/entities/loose")).status == 404:
        await common_admin.define(entity("loose", {"name": "data", "type": "json"}))
    rule = {"entity": "loose", "hook": "before_write", "type": "field"}
    body = {**rule, "definition": {"field": "data", "operator": operator, "value": value}}
    made = await common_admin.post("/_admin/rules", body)
    tried = await common_admin.post("/_admin/rules/try", body)
    values = value if operator in ("in", "not_in") and isinstance(value, list) else [value]
    no_list = operator in ("in", "not_in") and isinstance(value, dict)
    if no_list or not all(isinstance(each, dict | list) for each in values):
        made.expect(422)
        tried.expect(422)
        return
    made.expect(201)
    tried.expect(200)
    same = (await common_admin.post("/loose", {"data": values[0]})).status == 201
    other = (await common_admin.post("/loose", {"data": {"b": 2}})).status == 201
    assert (same, other) == ((True, False) if operator in ("eq", "in") else (False, True))
    (await common_admin.delete(f"/_admin/rules/{made.data['id']}")).expect(200)
