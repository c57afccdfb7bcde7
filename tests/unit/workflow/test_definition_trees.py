"""Workflows with nested steps, seats, forms and triggers: what is refused, and where the errors stand."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.errors import RocketError
from libs.shared.schema.kinds import KINDS
from libs.shared.schema.workflows import WorkflowDefinition, all_steps
from services.metadata.checking.expression_errors import expression_errors
from services.metadata.checking.parsing import parse
from services.metadata.checking.reference_errors import reference_errors
from services.metadata.checking.references.people import mentions_in
from tests.support.client import entity, integer, text
from tests.support.definitions import CIRCLE, EVERY_STEP, WORKFLOWS
from tests.support.live_schemas import live_schema

WORKFLOW = KINDS["workflows"]
MANUAL = {"type": "manual"}
SCHEMA = live_schema([entity("order", text("state", enum=["open", "done"]), integer("qty"), text("manager"))])


def document(*steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"name": "w", "trigger": MANUAL, "steps": list(steps), **changes}


def step(step_id: str, **keys: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "action", **keys}


def ask(**keys: Any) -> dict[str, Any]:
    return {"id": "ask", "type": "approval", **keys}


def both(a: list[Any], b: list[Any], **keys: Any) -> dict[str, Any]:
    return {"id": "both", "type": "parallel", "branches": {"a": {"steps": a}, "b": {"steps": b}}, **keys}


def mistakes(wrong: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(RocketError) as refused:
        parse(WORKFLOW, wrong)
    assert refused.value.code == "VALIDATION_FAILED"
    return {str(detail.get("field", "")): detail["message"] for detail in refused.value.details}


@pytest.mark.parametrize(
    ("wrong", "path", "words"),
    [
        (document(both([step("x")], [step("x")])), "steps.0.branches.b.steps.0.id", "defined twice"),
        (document(both([step("x", then={"goto": "y"})], [step("y")])), "steps.0.branches.a.steps.0.then",
         "another list"),
        (document(step("a", then={"goto": "bb"}), step("b")), "steps.0.then", "do you mean `b`"),
        (document(step("a", on_failure={"goto": "c"})), "steps.0.on_failure", "unknown step c"),
        (document(both([step("x")], [step("y")], join={"quorum": 3})), "steps.0.join.quorum", "more than there are"),
        (document(ask(approvers=[{"role": "a"}], mode={"quorum": 2})), "steps.0.mode.quorum", "more than there are"),
        (document(ask(mode={"share": 1.5})), "steps.0.mode.share", "at most 1"),
        (document(ask(approvers=[{"role": "a", "user": "u"}])), "steps.0.approvers.0", "exactly one of"),
        (document(ask(approvers=[{"role": "a"}], assignee={"type": "role", "role": "a"})), "steps.0.approvers",
         "without assignee"),
        (document(ask(separation=["initiater"])), "steps.0.separation.0", "do you mean `initiator`"),
        (document(ask(returns_to=["ask"])), "steps.0.returns_to.0", "no step that it can return to"),
        (document(ask(reminders=["soon"])), "steps.0.reminders.0", "72h"),
        (document(ask(form=[{"name": "n", "type": "strng"}])), "steps.0.form.0.type", "do you mean `string`"),
        (document(ask(form=[{"name": "n", "type": "int", "default": "x"}])), "steps.0.form.0.default", "number"),
        (document(ask(form=[{"name": "n", "type": "int"}] * 2)), "steps.0.form.1.name", "twice"),
        (document({"id": "w", "type": "wait"}), "steps.0", "exactly one of for, until, event"),
        (document({"id": "w", "type": "wait", "for": "1h", "timeout": "1h"}), "steps.0.timeout", "event only"),
        (document({"id": "c", "type": "condition"}), "steps.0.expression", "exactly one"),
        (document({"id": "c", "type": "condition", "expression": "1", "otherwise": "end"}), "steps.0.otherwise",
         "branches only"),
        (document({"id": "a/b", "type": "loop", "over": "context.x", "steps": [step("x")]}), "steps.0.id", "slash"),
        (document(step("a"), trigger={"type": "schedule", "cron": "x"}), "trigger.cron", "time table"),
        (document(step("a"), trigger={"type": "schedule", "cron": "* * * * *", "timezone": "Europe/Berln"}),
         "trigger.timezone", "Europe/Berlin"),
        (document(step("a"), trigger={"type": "schedule", "cron": "* * * * *", "filter": {"a": 1}}),
         "trigger.filter", "entity only"),
        (document(step("a"), trigger={"type": "record_created", "entity": "e", "fields": ["a"]}), "trigger.fields",
         "record_updated only"),
        (document(step("a"), cancel_when="record.x"), "cancel_when", "entity"),
        (document(step("a"), inputs={"x": {"type": "int"}}, context={"x": "record.y"}), "inputs.x", "context"),
    ],
)  # fmt: skip
def test_mistakes_are_reported_where_they_stand(wrong: dict[str, Any], path: str, words: str) -> None:
    found = mistakes(wrong)
    assert words in found[path], found


def test_nested_steps_are_found_in_the_order_of_the_document() -> None:
    found = list(all_steps(WorkflowDefinition.model_validate(EVERY_STEP).steps))
    assert [each.step.id for each in found] == [
        "sum", "ways", "circle", "part", "both", "rest", "news", "day", "child", "each", "one", "act",
    ]  # fmt: skip
    assert [each.step.id for each in found if each.in_loop] == ["one"]


@pytest.mark.parametrize("number", range(len(WORKFLOWS)))
def test_every_kind_of_step_is_stored_as_sent(number: int) -> None:
    definition = WorkflowDefinition.model_validate(WORKFLOWS[number])
    written = definition.model_dump(mode="json")
    assert {key: written[key] for key in WORKFLOWS[number]} == WORKFLOWS[number]
    assert WorkflowDefinition.stored(written) == definition


def texts(*steps: dict[str, Any], **changes: Any) -> dict[str, str]:
    about = {"type": "record_created", "entity": "order"}
    found = expression_errors("workflows", document(*steps, **{"trigger": about, **changes}), SCHEMA)
    return {error.path: error.message for error in found}


@pytest.mark.parametrize(
    ("broken", "path", "meant"),
    [
        ({"id": "c", "type": "condition", "branches": [{"when": "record.qyt > 1", "goto": "c"}]},
         "steps.0.branches.0.when", "qty"),
        ({"id": "s", "type": "set", "values": {"x": "context.totl"}}, "steps.0.values.x", "total"),
        ({"id": "s", "type": "set", "values": {"x": "steps.fist.total"}}, "steps.0.values.x", "first"),
        ({"id": "s", "type": "set", "values": {"x": "item"}}, "steps.0.values.x", "item"),
        (ask(approvers=[{"path": "record.manger"}]), "steps.0.approvers.0.path", "manager"),
        (ask(escalation=[{"after": "1h", "to": {"expression": "initiator.idd"}}]),
         "steps.0.escalation.0.to.expression", "id"),
        ({"id": "w", "type": "wait", "event": {"name": "x", "condition": "event.metdata"}},
         "steps.0.event.condition", "metadata"),
        (both([step("x", actions=[{"type": "send_event", "event": "e", "payload": {"qty": "{{ record.qyt }}"}}])],
              [step("y")]), "steps.0.branches.a.steps.0.actions.0.payload.qty", "qty"),
    ],
)  # fmt: skip
def test_texts_are_checked_against_what_they_can_see(broken: dict[str, Any], path: str, meant: str) -> None:
    first = {"id": "first", "type": "set", "values": {"total": "1"}}
    found = texts(broken, first)
    assert list(found) == [path] and meant in found[path], found


def test_steps_of_a_loop_see_its_item_and_all_outputs() -> None:
    loop = {"id": "l", "type": "loop", "over": "context.xs", "steps": [
        {"id": "s", "type": "set", "values": {"x": "item.price * index + steps.ask.form.n"}}]}  # fmt: skip
    assert texts(ask(form=[{"name": "n", "type": "int"}]), loop, inputs={"xs": {"type": "json"}}) == {}
    assert list(texts(step("a"), cancel_when="record.stat == 'done' || old.qty > 1")) == ["cancel_when"]


@pytest.mark.parametrize(
    ("action", "path"),
    [
        ({"type": "create_record", "entity": "ordr"}, "entity"),
        ({"type": "create_record", "entity": "order", "fields": {"state": "gone"}}, "fields.state"),
        ({"type": "update_record", "entity": "order", "record_id": "x", "fields": {"qyt": 1}}, "fields.qyt"),
        ({"type": "transition", "entity": "order", "record_id": "x", "field": "state", "to": "gone"}, "to"),
        ({"type": "delete_record", "entity": "order", "record_id": "context.x"}, "record_id"),
        ({"type": "send_notification", "channel": "fax", "template": "x", "to": [{"initiator": True}]}, "channel"),
    ],
)
def test_references_of_nested_actions_are_checked(action: dict[str, Any], path: str) -> None:
    nested = both([step("x", actions=[action])], [step("y")])
    problems = reference_errors(WORKFLOW, parse(WORKFLOW, document(nested)), SCHEMA)
    assert [found for found, _ in problems] == [f"steps.0.branches.a.steps.0.actions.0.{path}"]


def test_roles_and_users_of_seats_recipients_and_starters_are_found() -> None:
    mentions = mentions_in(parse(WORKFLOW, document(CIRCLE, step("sum"), trigger={**MANUAL, "roles": ["clerk"]})))
    assert [(each.path, each.name) for each in mentions] == [
        ("trigger.roles.0", "clerk"), ("steps.0.approvers.0.role", "boss"), ("steps.0.approvers.1.user", "a@b.c"),
        ("steps.0.escalation.0.to.role", "boss"),
    ]  # fmt: skip
