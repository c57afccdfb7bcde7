"""Names and types in expressions, templates and paths are checked when a definition is saved."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import SAMPLE_SCHEMAS
from tests.support.client import Client, entity, integer, text
from tests.support.relations import make, reference, relation

STATUS = text("status", enum=["new", "done"], default="new")
ORDER = entity("order", text("name"), integer("qty"), integer("total"), STATUS, text("owner"), soft_delete=True)
LINE = entity("line", integer("amount"), text("sku"), reference("order_id"))
LINES = relation("lines", "one_to_many", "order", "line", target_key="order_id")
LOAD = [{"relation": "lines"}]


def rule(expression: str, kind: str = "expression", **more: Any) -> dict[str, Any]:
    body = {
        "expression": expression,
        "related_load": LOAD,
        **({"field": "total"} if kind == "computed" else {}),
        **more,
    }
    return {"entity": "order", "hook": "before_write", "type": kind, "definition": body}


def machine(guard: str | None = None, **action: Any) -> dict[str, Any]:
    actions = [{"type": "webhook", "url": "http://127.0.0.1:1/x", **action}] if action else []
    transition = {"from": "new", "to": "done", "guard": guard, "actions": actions}
    return {"entity": "order", "field": "status", "definition": {"initial": "new", "transitions": [transition]}}


def webhook(condition: str) -> dict[str, Any]:
    return {"entity": "order", "url": "http://127.0.0.1:1/x", "condition": condition, "active": False}


def notification(condition: str = "", body: str = "x", path: str = "record.owner") -> dict[str, Any]:
    return {
        "name": "told", "entity": "order", "hook": "after_write", "condition": condition, "channel": "in_app",
        "template": {"subject": body, "body": "x"}, "recipients": [{"path": path}], "active": False,
    }  # fmt: skip


def workflow(
    path: str = "record.qty", expression: str = "context.a > 1", record_id: str = "context.id"
) -> dict[str, Any]:
    action = {"type": "set_field", "entity": "order", "record_id": record_id, "field": "name", "value": "x"}
    return {
        "name": "check", "trigger": {"type": "state_change", "entity": "order", "field": "status", "to": "done"},
        "context": {"a": path, "id": "trigger.record_id"}, "active": False,
        "steps": [
            {"id": "one", "type": "condition", "expression": expression, "on_true": {"goto": "two"}},
            {"id": "two", "type": "action", "actions": [action]},
        ],
    }  # fmt: skip


def visible(expression: str) -> dict[str, Any]:
    return {"entity": "order", "action": "read", "roles": ["admin"], "visible_when": {"name": expression}}


WRONG = [
    ("rules", rule("record.qantity > 3"), "definition.expression", "`qantity`; do you mean `qty`? (line 1, column 8)"),
    ("rules", rule("record.qty > '5'"), "definition.expression", "have no order (line 1, column 12)"),
    ("rules", rule("sum(related.lines.amount) > 3"), "definition.expression", "sum(related.lines, amount)"),
    ("rules", rule("sum(related.lines, amuont) > 3"), "definition.expression", "do you mean `amount`?"),
    ("rules", rule("any(related.line, true)"), "definition.expression", "do you mean `lines`?"),
    ("rules", rule("record.status == 'dnoe'"), "definition.expression", "do you mean 'done'?"),
    ("rules", rule("record.qty * record.name", "computed"), "definition.expression", "can't be multiplied"),
    ("rules", rule("usr.id == 'x'"), "definition.expression", "do you mean `user`?"),
    ("state-machines", machine("record.qnty > 1"), "definition.transitions.0.guard", "do you mean `qty`?"),
    ("state-machines", machine(headers={"X": "{{record.nmae}}"}), "definition.transitions.0.actions.0.headers.X",
     "do you mean `name`?"),
    ("webhooks", webhook("changes.qnty.old > 1"), "condition", "do you mean `qty`?"),
    ("webhooks", webhook("'qnty' in changes"), "condition", "do you mean `qty`?"),
    ("webhooks", webhook("user.email == 'x'"), "condition", "user has no `email`"),
    ("webhooks", webhook("entity == 'oder'"), "condition", "do you mean 'order'?"),
    ("notification-rules", notification("record.qnty > 1"), "condition", "do you mean `qty`?"),
    ("notification-rules", notification(body="{{ recrod.name }}"), "template.subject", "do you mean `record`?"),
    ("notification-rules", notification(body="{{ record.nmae }}"), "template.subject", "(line 1, column 11)"),
    ("notification-rules", notification(path="record.onwer"), "recipients.0.path", "do you mean `owner`?"),
    ("workflows", workflow(expression="context.b > 1"), "steps.0.expression", "context has no `b`"),
    ("workflows", workflow(expression="context.a > 'x'"), "steps.0.expression", "have no order"),
    ("workflows", workflow(record_id="context.idd"), "steps.1.actions.0.record_id", "do you mean `id`?"),
    ("permissions", visible("record.qnty > 1"), "visible_when.name", "qnty"),
]  # fmt: skip
SOUND = [
    ("rules", rule("sum(related.lines, amount) > record.qty && user.id != record.owner && now > '2020-01-01'")),
    ("rules", rule("sum(related.lines, amount * 2)", "computed")),
    ("rules", rule("old == nil || (action == 'update' && record.name != old.name && record.deleted_at == nil)")),
    ("state-machines", machine("record.qty > 1", headers={"X": "{{record.name}} {{env.TOKEN}} {{user.id}}"})),
    ("webhooks", webhook("changes.qty.old < record.qty && event == 'after_write' && entity in ['order']")),
    ("notification-rules", notification("record.qty > 1", "{{record.name}} {{old.qty}} {{app.name}} {{user.email}}")),
    ("workflows", workflow()),
    ("permissions", visible("record.qty > 1")),
]  # fmt: skip


@pytest.fixture(scope="module")
async def admin(common_admin: Client) -> Client:
    await define(common_admin)
    return common_admin


async def define(admin: Client) -> None:
    for definition in (ORDER, LINE):
        await admin.define(definition)
    await admin.define(LINES, "relations")


@pytest.mark.parametrize(("kind", "document", "path", "words"), WRONG)
async def test_a_wrong_name_or_type_is_refused(
    admin: Client, kind: str, document: Mapping[str, Any], path: str, words: str
) -> None:
    refused = (await admin.post(f"/_admin/{kind}", document)).expect(422)
    assert refused.code == "VALIDATION_FAILED"
    assert [detail["field"] for detail in refused.details] == [path]
    assert words in refused.details[0]["message"]


@pytest.mark.parametrize(("kind", "document"), SOUND)
async def test_valid_expressions_are_saved_and_replaced(admin: Client, kind: str, document: dict[str, Any]) -> None:
    made = (await admin.post(f"/_admin/{kind}", document)).expect(201)
    assert "warnings" not in made.body
    row = made.data
    wrong = next(other for name, other, _, _ in WRONG if name == kind)
    (await admin.put(f"/_admin/{kind}/{row['id']}", wrong)).expect(422)
    assert "warnings" not in (await admin.put(f"/_admin/{kind}/{row['id']}", document)).expect(200).body
    (await admin.delete(f"/_admin/{kind}/{row['id']}")).expect(200)


async def test_an_unknown_context_path_is_a_warning(admin: Client) -> None:
    """A missing value is null, so a path to nothing is no error."""
    made = (await admin.post("/_admin/workflows", workflow("trigger.record.qnty"))).expect(201)
    path = f"/_admin/workflows/{made.data['id']}"
    put = (await admin.put(path, workflow("trigger.record.qnty"))).expect(200)
    for reply in (made, put):
        (warning,) = reply.body["warnings"]
        assert warning["path"] == "context.a"
        assert "do you mean `qty`?" in warning["message"]
    (await admin.delete(path)).expect(200)


async def test_an_import_accepts_wrong_expressions_with_warnings(client: Client) -> None:
    admin = await client.new_app()
    wrong = {"rules": [rule("record.qantity > 3"), rule("new Date(a) >= new Date(b)"), rule("record.qty > 3")],
             "webhooks": [webhook("record.qty == '5'")]}  # fmt: skip
    document = {"version": 1, "entities": [ORDER, LINE], "relations": [LINES], **wrong}
    reply = (await admin.post("/_admin/import", document)).expect(200)
    told = {warning["path"]: warning["message"] for warning in reply.body["warnings"]}
    assert set(told) == {
        "rules[0].definition.expression", "rules[1].definition.expression", "webhooks[0].condition"
    }  # fmt: skip
    assert "do you mean `qty`?" in told["rules[0].definition.expression"]
    assert "does not compile" in told["rules[1].definition.expression"]
    assert len((await admin.get("/_admin/rules")).expect(200).data) == 3
    assert "warnings" not in (await admin.post("/_admin/import", document)).expect(200).body
    applied = (await admin.post("/_admin/schema/apply", document)).expect(200)
    assert {warning["path"] for warning in applied.body["warnings"]} == set(told)


FOLLOWING: Mapping[str, list[dict[str, Any]]] = {
    "rules": [
        rule("record.qty > 100 && record.name == 'record.qty'"),
        rule("sum(related.lines, amount) + record.qty", "computed"),
    ],
    "state-machines": [machine("old.qty > 1", headers={"X": "{{ record.qty }} {{record.name}}"})],
    "webhooks": [webhook("changes.qty.old == 1 && entity == 'order'")],
    "notification-rules": [notification("record['qty'] == 1", "{{record.qty}} of {{ record.name }}", "record.owner")],
    "workflows": [workflow("trigger.record.qty")],
    "permissions": [visible("record.qty > 1")],
}  # fmt: skip


async def test_expressions_follow_renames(client: Client) -> None:
    admin = await client.new_app()
    await define(admin)
    rows = [
        (k, (await admin.post(f"/_admin/{k}", d)).expect(201).data["id"])
        for k, every in FOLLOWING.items()
        for d in every
    ]
    renamed = copy.deepcopy({**ORDER, "name": "purchase"})
    for field, name in (("qty", "quantity"), ("owner", "buyer")):
        found = next(each for each in renamed["fields"] if each["name"] == field)
        found |= {"name": name, "renamed_from": field}
    reply = (await admin.put("/_admin/entities/order", renamed)).expect(200)
    assert "warnings" not in reply.body
    line = copy.deepcopy(LINE)
    line["fields"][1] |= {"name": "price", "renamed_from": "amount"}
    assert "warnings" not in (await admin.put("/_admin/entities/line", line)).expect(200).body
    texts = json.dumps([(await admin.get(f"/_admin/{kind}/{key}")).expect(200).data for kind, key in rows])
    for expected in (
        "record.quantity > 100 && record.name == 'record.qty'", "sum(related.lines, price) + record.quantity",
        "{{ record.quantity }} {{record.name}}", "changes.quantity.old == 1 && entity == 'purchase'",
        "old.quantity > 1", "record['quantity'] == 1", "{{record.quantity}} of {{ record.name }}", "record.buyer",
        "record.quantity > 1",
        "trigger.record.quantity",
    ):  # fmt: skip
        assert expected in texts
    order = await make(admin, "purchase", name="a", quantity=3, lines={"data": [{"price": 4}]})
    refused = (await admin.put(f"/purchase/{order['id']}", {"quantity": 101, "name": "record.qty"})).expect(422)
    assert [detail["rule"] for detail in refused.details] == ["expression"]


async def test_a_rename_that_changes_a_meaning_is_refused(client: Client) -> None:
    admin = await client.new_app()
    await define(admin)
    made = await admin.define(rule("sum(related.lines, amount * record.qty) > 9"), "rules")
    line = copy.deepcopy(LINE)
    line["fields"][1] |= {"name": "record", "renamed_from": "amount"}
    refused = (await admin.put("/_admin/entities/line", line)).expect(409)
    assert f"rules.{made['id']}.definition.expression" in refused.body["error"]["message"]
    assert (await admin.get(f"/_admin/rules/{made['id']}")).expect(200).data["definition"] == made["definition"]
    await make(admin, "line", amount=1)


async def test_removed_or_retyped_fields_in_expressions_are_reported(client: Client) -> None:
    admin = await client.new_app()
    await define(admin)
    by_kind = {k: (await admin.post(f"/_admin/{k}", every[0])).expect(201).data for k, every in FOLLOWING.items()}
    shorter = {**ORDER, "fields": [field for field in ORDER["fields"] if field["name"] != "qty"]}
    reply = (await admin.put("/_admin/entities/order", shorter)).expect(200)
    told = {warning["path"]: warning["message"] for warning in reply.body["warnings"]}
    assert f"rules.{by_kind['rules']['id']}.definition.expression" in told
    assert "workflows.check.context.a" in told
    assert {path.partition(".")[0] for path in told} == set(FOLLOWING)
    assert all("qty" in message or "quantity" in message for message in told.values())
    assert "warnings" not in (await admin.put("/_admin/entities/order", shorter)).expect(200).body
    assert "warnings" not in (await admin.put("/_admin/entities/order", ORDER)).expect(200).body
    narrower = copy.deepcopy(ORDER)
    next(field for field in narrower["fields"] if field["name"] == "status")["enum"] = ["new", "closed", "done"]
    assert "warnings" not in (await admin.put("/_admin/entities/order", narrower)).expect(200).body


SCHEMAS = sorted(SAMPLE_SCHEMAS.glob("*.json"))


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
async def test_sample_schemas_import_with_all_their_expressions(client: Client, path: Path) -> None:
    admin = await client.new_app()
    (await admin.post("/_admin/import", json.loads(path.read_text()))).expect(200)
