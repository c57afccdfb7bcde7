"""Definitions of rules and state machines: accepted and refused ones."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.client import Client, entity, integer, text
from tests.support.relations import reference

ORDER = entity(
    "order",
    text("status"),
    text("title"),
    integer("count"),
    {"name": "total", "type": "decimal", "precision": 2},
    {"name": "closed_at", "type": "timestamp"},
    {"name": "made", "type": "timestamp", "auto": "create"},
)
RULE: dict[str, Any] = {
    "entity": "order",
    "hook": "before_write",
    "type": "field",
    "definition": {"field": "count", "operator": "min", "value": 1, "message": "at least one"},
}
LINES: dict[str, Any] = {"relation": "lines"}
TRANSITIONS: list[dict[str, Any]] = [
    {"from": "open", "to": "closed", "actions": [{"type": "set_field", "field": "closed_at", "value": "now"}]},
    {"from": ["closed", "lost"], "to": "open", "roles": ["boss"], "guard": "record.count > 0"},
]
MACHINE: dict[str, Any] = {
    "entity": "order",
    "field": "status",
    "definition": {"initial": "open", "transitions": TRANSITIONS},
}


@pytest.fixture
async def orders(admin: Client) -> Client:
    """The admin of an app with orders."""
    await admin.define(ORDER)
    return admin


@pytest.fixture(scope="module")
async def common_orders(common_admin: Client) -> Client:
    """The same with their lines, for tests that leave nothing behind."""
    await common_admin.define(ORDER)
    await common_admin.define(entity("line", text("sku"), {"name": "on", "type": "boolean"}, reference("order_id")))
    await common_admin.relate("lines", "one_to_many", "order", "line")
    return common_admin


def rule(**changes: Any) -> dict[str, Any]:
    return {**RULE, **changes}


def field_rule(operator: str, value: Any = None, field: str = "count") -> dict[str, Any]:
    return rule(definition={"field": field, "operator": operator, "value": value})


def expression(text: str, kind: str = "expression", **more: Any) -> dict[str, Any]:
    return rule(type=kind, definition={"expression": text, **more})


def transition(**changes: Any) -> dict[str, Any]:
    return {**MACHINE, "definition": {"initial": "open", "transitions": [{**TRANSITIONS[0], **changes}]}}


@pytest.mark.parametrize("kind", ["rules", "state-machines"])
async def test_a_rule_is_created_replaced_and_deleted(common_orders: Client, kind: str) -> None:
    sent = RULE if kind == "rules" else MACHINE
    made = (await common_orders.post(f"/_admin/{kind}", sent)).expect(201).data
    assert made == {"id": made["id"], **({"priority": 0} if kind == "rules" else {}), "active": True, **sent}
    found = (await common_orders.get(f"/_admin/{kind}/{made['id']}")).expect(200).data
    assert {key: found[key] for key in made} == made
    changed = (await common_orders.put(f"/_admin/{kind}/{made['id']}", {**sent, "active": False})).expect(200).data
    assert changed == {**made, "active": False}
    assert [row["id"] for row in (await common_orders.get(f"/_admin/{kind}")).data] == [made["id"]]
    gone = (await common_orders.delete(f"/_admin/{kind}/{made['id']}")).expect(200).data
    assert gone == {"id": made["id"], "deleted": True}
    (await common_orders.get(f"/_admin/{kind}/{made['id']}")).expect(404)


@pytest.mark.parametrize(
    "sent",
    [
        field_rule("max", 2.5), field_rule("gt", "1"), field_rule("min_length", 2, "title"),
        field_rule("max_length", 0, "title"), field_rule("pattern", "^[A-Z]+$", "title"),
        field_rule("like", "a%", "title"), field_rule("eq", 5), field_rule("neq", "x", "title"),
        field_rule("in", ["a", "b"], "title"), field_rule("not_in", "1, 2"), field_rule("not_empty", None, "title"),
        field_rule("lte", "2030-01-01T00:00:00Z", "closed_at"),
        expression("record.count > 5"), expression("record.count > 5", message="m", stop_on_fail=True),
        expression("len(related.lines) == 0", related_load=[{"relation": "lines", "filter": {"on.eq": True}}]),
        expression("len(related.of) == 0", related_load=[{"relation": "line", "name": "of"}]),
        expression("record.count * 2", "computed", field="total"),
        rule(hook="before_delete"), rule(hook="after_write"), rule(priority=-5), rule(active=False),
    ],
)  # fmt: skip
async def test_a_rule_is_accepted(common_orders: Client, sent: dict[str, Any]) -> None:
    made = await common_orders.define(sent, "rules")
    (await common_orders.delete(f"/_admin/rules/{made['id']}")).expect(200)
    assert made["definition"] == {key: value for key, value in sent["definition"].items() if value is not None}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (rule(entity="unknown"), "entity"), (rule(hook="after_delete"), "hook"), (rule(type="magic"), "type"),
        (rule(definition=None), "definition"), (rule(definition="count > 1"), "definition"),
        (rule(definition={"operator": "min", "value": 1}), "definition.field"),
        (field_rule("between", [1, 2]), "definition.operator"), (field_rule("min", 1, "unheard"), "definition.field"),
        (field_rule("min"), "definition.value"), (field_rule("min", [1]), "definition.value"),
        (field_rule("min", True), "definition.value"),
        (field_rule("max", "many"), "definition.value"),
        (field_rule("max_length", -1, "title"), "definition.value"),
        (field_rule("pattern", "(", "title"), "definition.value"),
        (field_rule("pattern", 5, "title"), "definition.value"),
        (field_rule("pattern", "(?=a)", "title"), "definition.value"),
        (field_rule("in", [], "title"), "definition.value"),
        (field_rule("gt", "soon", "closed_at"), "definition.value"), (field_rule("eq", 1, "title"), "definition.value"),
        (rule(type="expression", definition={"message": "m"}), "definition.expression"),
        (expression(""), "definition.expression"), (expression("record.count >"), "definition.expression"),
        (expression("new Date(record.made) > now"), "definition.expression"),
        (expression("1", related_load=[{"relation": "none"}]), "definition.related_load.0.relation"),
        (expression("1", related_load=[LINES, {**LINES, "filter": {"no.eq": 1}}]), "definition.related_load.1.filter"),
        (expression("1", related_load=[{**LINES, "filter": {"on": "so"}}]), "definition.related_load.0.filter"),
        (expression("1", "computed", field="count", related_load=[{"relation": "none"}]),
         "definition.related_load.0.relation"),
        (expression("1", "computed"), "definition.field"),
        (expression("1", "computed", field="no"), "definition.field"),
        (expression("1", "computed", field="id"), "definition.field"),
        (expression("now", "computed", field="made"), "definition.field"),
        ({**expression("1", "computed", field="count"), "hook": "before_delete"}, "type"),
        ({**expression("1", "computed", field="count"), "hook": "after_write"}, "type"),
        (rule(priority="high"), "priority"),
    ],
)  # fmt: skip
async def test_a_wrong_rule_is_refused(common_orders: Client, sent: dict[str, Any], field: str) -> None:
    reply = (await common_orders.post("/_admin/rules", sent)).expect(422)
    assert reply.code == "VALIDATION_FAILED"
    assert field in [detail["field"] for detail in reply.details]
    assert (await common_orders.get("/_admin/rules")).data == []


async def test_a_syntax_error_is_shown_with_its_position(common_orders: Client) -> None:
    reply = await common_orders.post("/_admin/rules", expression("record.a &&\n  record.b +"))
    assert reply.expect(422).details[0]["message"].endswith("the expression ends too early (line 2, column 13)")


@pytest.mark.parametrize(
    "action",
    [
        {"type": "set_field", "field": "title", "value": "{{ user.id }}"},
        {"type": "webhook", "url": "http://localhost/x", "method": "PUT"},
        {"type": "create_record", "entity": "order", "fields": {"title": "copy of {{record.title}}"}},
        {"type": "update_record", "entity": "order", "record_id": "{{record.id}}", "fields": {"count": 1}},
        {"type": "delete_record", "entity": "order", "record_id": "{{record.id}}"},
        {"type": "send_event", "event": "order.closed", "payload": {"by": "{{user.id}}"}},
        {"type": "send_notification", "channel": "email", "template": "closed", "to": "{{record.title}}"},
    ],
)
async def test_transition_actions_are_accepted(common_orders: Client, action: dict[str, Any]) -> None:
    sent = transition(actions=[action])
    made = await common_orders.define(sent, "state-machines")
    (await common_orders.delete(f"/_admin/state-machines/{made['id']}")).expect(200)
    assert made["definition"] == sent["definition"]


@pytest.mark.parametrize(
    "sent",
    [
        {**MACHINE, "entity": "unknown"},
        {**MACHINE, "field": None},
        {**MACHINE, "field": "unheard"},
        {**MACHINE, "field": "count"},
        {key: value for key, value in MACHINE.items() if key != "field"},
        {key: value for key, value in MACHINE.items() if key != "definition"},
        {**MACHINE, "definition": {"initial": "open"}},
        {**MACHINE, "definition": {"initial": "open", "transitions": []}},
        {**MACHINE, "definition": {"transitions": TRANSITIONS}},
        transition(to=None),
        transition(**{"from": []}),
        transition(guard="record.count >"),
        transition(actions=[{"type": "dance"}]),
        transition(actions=[{"type": "set_field", "field": "unheard", "value": 1}]),
        transition(actions=[{"type": "webhook", "url": "ftp://localhost"}]),
    ],
)
async def test_a_wrong_machine_is_refused(common_orders: Client, sent: dict[str, Any]) -> None:
    assert (await common_orders.post("/_admin/state-machines", sent)).expect(422).code == "VALIDATION_FAILED"
    assert (await common_orders.get("/_admin/state-machines")).data == []
