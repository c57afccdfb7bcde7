"""References between definitions are checked when they are saved; doubtful ones cause warnings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.client import Client, Reply, entity, text
from tests.support.references import (
    CUSTOMER,
    FIELD_RULE,
    MACHINE,
    READ,
    RELATION,
    TICKET,
    TOLD,
    UNFIT,
    WORKFLOW,
    WRONG,
    doing,
    loading,
    moving,
    setting,
    workflow,
)


@pytest.fixture(scope="module")
async def desk(common_admin: Client) -> Client:
    await common_admin.define(TICKET)
    await common_admin.define(CUSTOMER)
    await common_admin.define(RELATION, "relations")
    return common_admin


@pytest.fixture
async def own(admin: Client) -> Client:
    """The same in an app of its own."""
    await admin.define(TICKET)
    await admin.define(CUSTOMER)
    await admin.define(RELATION, "relations")
    return admin


def warnings(reply: Reply) -> dict[str, str]:
    return {each["path"]: each["message"] for each in reply.body.get("warnings", [])}


@pytest.mark.parametrize("case", WRONG)
async def test_an_unknown_name_is_refused_with_a_suggestion(desk: Client, case: str) -> None:
    kind, sent, where, meant = WRONG[case]
    refused = (await desk.post(f"/_admin/{kind}", sent)).expect(422)
    told = {detail["field"]: detail["message"] for detail in refused.details}
    assert f"do you mean `{meant}`?" in told[where]
    part = kind.replace("-", "_")
    for route in ("import", "schema/plan", "schema/apply"):
        refused = (await desk.post(f"/_admin/{route}", {"version": 1, part: [sent]})).expect(422)
        assert (refused.details[0]["path"], refused.details[0]["field"]) == (f"{part}[0]", where)


@pytest.mark.parametrize("case", UNFIT)
async def test_mismatching_references_are_refused(desk: Client, case: str) -> None:
    kind, sent, where = UNFIT[case]
    refused = (await desk.post(f"/_admin/{kind}", sent)).expect(422)
    assert [detail["field"] for detail in refused.details] == [where]


async def test_all_errors_are_reported_at_once(desk: Client) -> None:
    sent = {**setting(field="prority"), "trigger": {**WORKFLOW["trigger"], "field": "staus"}}
    refused = (await desk.post("/_admin/workflows", sent)).expect(422)
    assert [detail["field"] for detail in refused.details] == ["trigger.field", "steps.0.actions.0.field"]


async def test_valid_references_cause_no_warning(own: Client) -> None:
    context = {
        "id": "trigger.record_id",
        "a": "record.more.deep.er",
        "b": "trigger.record.title",
        "c": "record_id",
        "d": "record",
    }
    for kind, sent in (
        ("workflows", {**workflow(context=context), "name": "a"}),
        ("workflows", {**setting(field="due", value="now"), "name": "b"}),
        ("workflows", {**setting(record_id="5f0c3d1e-0000-4000-8000-000000000001"), "name": "c"}),
        ("state-machines", doing({"type": "set_field", "field": "title", "value": "{{ record.id }} and more"})),
        ("permissions", {**READ, "roles": ["admin"], "conditions": [{"field": "customer_id", "value": "$user.id"}]}),
        ("rules", loading()),
        ("notification-rules", {**TOLD, "recipients": [{"path": "record.more.owner"}, {"path": "user.email"}]}),
    ):
        assert "warnings" not in (await own.post(f"/_admin/{kind}", sent)).expect(201).body


async def test_a_field_has_one_active_state_machine(own: Client) -> None:
    first = await own.define(MACHINE, "state-machines")
    refused = (await own.post("/_admin/state-machines", MACHINE)).expect(409)
    assert [detail["field"] for detail in refused.details] == ["field"]
    idle = await own.define({**MACHINE, "active": False}, "state-machines")
    (await own.put(f"/_admin/state-machines/{idle['id']}", MACHINE)).expect(409)
    (await own.put(f"/_admin/state-machines/{first['id']}", MACHINE)).expect(200)
    (await own.put(f"/_admin/state-machines/{first['id']}", {**MACHINE, "active": False})).expect(200)
    (await own.put(f"/_admin/state-machines/{idle['id']}", MACHINE)).expect(200)
    two = {
        "version": 1,
        "entities": [entity("page", text("state"))],
        "state_machines": [{**MACHINE, "entity": "page", "field": "state"}] * 2,
    }
    (await own.post("/_admin/import", two)).expect(409)


async def test_a_role_that_nobody_has_is_a_warning(own: Client) -> None:
    await own.user("clerk@example.com", ["clerk"])
    assert "warnings" not in (await own.post("/_admin/permissions", READ)).expect(201).body
    made = (await own.post("/_admin/permissions", {**READ, "action": "update", "roles": ["clerk", "clrek"]})).expect(
        201
    )
    assert warnings(made) == {"roles.1": "nobody has the role clrek"}
    asked = {"id": "ask", "type": "approval", "assignee": {"type": "role", "role": "boss"}}
    made = (await own.post("/_admin/workflows", workflow(steps=[asked]))).expect(201)
    assert warnings(made) == {"steps.0.assignee.role": "nobody has the role boss"}
    planned = (await own.post("/_admin/workflows?dry_run=true", {**workflow(steps=[asked]), "name": "b"})).expect(200)
    assert warnings(planned) == {"steps.0.assignee.role": "nobody has the role boss"}
    made = (await own.post("/_admin/state-machines", moving(roles=["boss"]))).expect(201)
    assert warnings(made) == {"definition.transitions.0.roles.0": "nobody has the role boss"}


async def test_an_unknown_recipient_is_a_warning(own: Client) -> None:
    recipients = [
        {"user": "admin@localhost"},
        {"user": "nobody@example.com"},
        {"role": "boss"},
        {"email": "any@example.com"},
    ]
    made = (await own.post("/_admin/notification-rules", {**TOLD, "recipients": recipients})).expect(201)
    assert warnings(made) == {
        "recipients.1.user": "there is no active user nobody@example.com",
        "recipients.2.role": "nobody has the role boss",
    }


async def test_workflows_against_a_state_machine_are_warned_about(own: Client) -> None:
    await own.define(moving(), "state-machines")
    sent = {**setting(field="status", value="done"), "trigger": {**WORKFLOW["trigger"], "to": "done"}}
    assert set(warnings((await own.post("/_admin/workflows", sent)).expect(201))) == {
        "trigger.to",
        "steps.0.actions.0.value",
    }
    made = (await own.post("/_admin/import", {"version": 1, "workflows": [{**sent, "name": "again"}]})).expect(200)
    assert set(warnings(made)) == {"workflows[0].trigger.to", "workflows[0].steps.0.actions.0.value"}


async def test_a_policy_that_widens_another_one_is_a_warning(own: Client) -> None:
    await own.user("clerk@example.com", ["clerk"])
    closing = {**READ, "entity": "customer", "fields": {"exclude": ["email"]}}
    assert "warnings" not in (await own.post("/_admin/permissions", closing)).expect(201).body
    made = (await own.post("/_admin/permissions", {**READ, "entity": "customer"})).expect(201)
    assert list(warnings(made)) == ["fields"]
    assert "email" in warnings(made)["fields"]
    narrow = {**READ, "conditions": [{"field": "status", "value": "open"}]}
    assert "warnings" not in (await own.post("/_admin/permissions", narrow)).expect(201).body
    assert list(warnings((await own.post("/_admin/permissions", READ)).expect(201))) == ["conditions"]


async def test_dangling_references_after_a_change_are_reported(own: Client) -> None:
    rule = await own.define(FIELD_RULE, "rules")
    await own.define(WORKFLOW, "workflows")
    left = {**TICKET, "fields": [field for field in TICKET["fields"] if field["name"] != "status"]}
    told = warnings((await own.put("/_admin/entities/ticket", left)).expect(200))
    assert set(told) == {f"rules.{rule['id']}.definition.field", "workflows.urgent.trigger.field"}
    assert "warnings" not in (await own.put("/_admin/entities/ticket", TICKET)).expect(200).body
    await own.define(loading(), "rules")
    [path] = warnings((await own.delete("/_admin/relations/tickets")).expect(200))
    assert path.endswith("definition.related_load.0.relation")
    told = warnings((await own.delete("/_admin/entities/ticket")).expect(200))
    assert set(told) == {"workflows.urgent.trigger.entity", "workflows.urgent.steps.0.actions.0.entity"}


async def test_an_import_reports_expressions_that_cannot_be_evaluated(own: Client) -> None:
    broken = {
        "entity": "ticket",
        "hook": "before_write",
        "type": "expression",
        "definition": {"expression": "new Date(record.due) >= new Date(record.made)", "message": "m"},
    }
    made = (await own.post("/_admin/import", {"version": 1, "rules": [broken]})).expect(200)
    assert list(warnings(made)) == ["rules[0].definition.expression"]
    assert made.data["errors"] == []


async def test_import_skips_equal_permissions_where_there_are_several(own: Client) -> None:
    half = {**READ, "conditions": [{"field": "status", "value": "open"}]}
    other = {**READ, "conditions": [{"field": "status", "value": "done"}]}

    async def added(*permissions: dict[str, Any]) -> int:
        data = (await own.post("/_admin/import", {"version": 1, "permissions": list(permissions)})).expect(200).data
        return int(data["summary"]["permissions"])

    assert await added(half) == 1
    assert await added(other) == 0  # one of the entity and action: as it is there, it is skipped
    assert await added(half, other) == 1
    assert await added(half, other) == 0
