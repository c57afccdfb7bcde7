"""References between definitions that do not hold, and definitions that contradict one another."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.schema.kinds import KINDS
from services.metadata.checking.expression_errors import ExpressionReview, expression_errors, expression_warnings
from services.metadata.checking.parsing import parse
from services.metadata.checking.reference_errors import reference_errors
from services.metadata.checking.references.contradictions import ParsedDefinition, contradictions_in
from services.metadata.checking.references.people import ROLE, USER, mentions_in
from tests.support.client import entity, integer, text
from tests.support.live_schemas import live_schema

LINES = {"name": "lines", "type": "one_to_many", "source": "order", "target": "line"}
SCHEMA = live_schema(
    [
        entity("order", text("state", enum=["open", "done"]), integer("qty")),
        entity("line", {"name": "order_id", "type": "uuid"}, integer("sum")),
    ],
    [LINES],
)
FIELD_RULE = {"entity": "order", "hook": "before_write", "type": "field"}
LOADING = {"entity": "order", "hook": "before_write", "type": "expression"}


def machine(**changes: Any) -> dict[str, Any]:
    step = {"from": "open", "to": "done", **changes}
    return {"entity": "order", "field": "state", "definition": {"initial": "open", "transitions": [step]}}


def workflow(to: str, record_id: str = "context.id") -> dict[str, Any]:
    action = {"type": "set_field", "entity": "order", "record_id": record_id, "field": "state", "value": "done"}
    return {
        "name": "w", "context": {"id": "record.id"}, "steps": [{"id": "s", "type": "action", "actions": [action]}],
        "trigger": {"type": "state_change", "entity": "order", "field": "state", "to": to},
    }  # fmt: skip


def policy(**changes: Any) -> dict[str, Any]:
    return {"entity": "order", "action": "read", "roles": ["clerk"], **changes}


@pytest.mark.parametrize(
    ("kind", "document", "path"),
    [
        ("webhooks", {"entity": "ordr", "url": "http://a.example/"}, "entity"),
        ("rules", {**FIELD_RULE, "definition": {"field": "qyt", "operator": "min", "value": 1}}, "definition.field"),
        ("rules", {**FIELD_RULE, "definition": {"field": "state", "operator": "eq", "value": "x"}}, "definition.value"),
        ("rules", {**LOADING, "definition": {"expression": "true", "related_load": [{"relation": "lnies"}]}},
         "definition.related_load.0.relation"),
        ("state-machines", machine(to="gone"), "definition.transitions.0.to"),
        ("state-machines", {**machine(), "field": "qty"}, "field"),
        ("state-machines", machine(actions=[{"type": "delete_record", "entity": "x", "record_id": "1"}]),
         "definition.transitions.0.actions.0.entity"),
        ("workflows", workflow("gone"), "trigger.to"),
        ("workflows", workflow("done", "context.di"), "steps.0.actions.0.record_id"),
        ("workflows", workflow("done", "recrod.id"), "steps.0.actions.0.record_id"),
        ("permissions", policy(conditions=[{"field": "state", "value": "x"}]), "conditions.0.value"),
        ("permissions", policy(fields={"exclude": ["id"]}), "fields.exclude"),
        ("permissions", policy(masks={"qty": "email"}), "masks.qty"),
        ("notification-rules", {"name": "n", "entity": "order", "hook": "after_write", "channel": "in_app",
                                "template": {"body": "b"}, "recipients": [{"path": "record.ownr"}]},
         "recipients.0.path"),
    ],
)  # fmt: skip
def test_a_reference_that_does_not_hold_is_reported_with_its_path(
    kind: str, document: dict[str, Any], path: str
) -> None:
    assert [found for found, _ in reference_errors(KINDS[kind], parse(KINDS[kind], document), SCHEMA)] == [path]


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("rules", {**LOADING, "definition": {"expression": "true", "related_load": [
            {"relation": "lines", "filter": {"sum.gt": 1}}]}}),
        ("state-machines", machine()),
        ("workflows", workflow("done")),
        ("permissions", policy(fields={"include": ["qty", "lines"]}, masks={"state": "last4"})),
        ("ui-configs", {"entity": "_app"}),
    ],
)  # fmt: skip
def test_references_that_hold_pass(kind: str, document: dict[str, Any]) -> None:
    assert reference_errors(KINDS[kind], parse(KINDS[kind], document), SCHEMA) == []


def contradictions(*documents: tuple[str, dict[str, Any]]) -> dict[str, list[str]]:
    parsed = [
        ParsedDefinition(str(number), parse(KINDS[kind], document)) for number, (kind, document) in enumerate(documents)
    ]
    found = contradictions_in(parsed, SCHEMA)
    return {row_id: [path for path, _ in problems] for row_id, problems in found.items() if problems}


def test_contradicting_definitions_are_found() -> None:
    only_open = machine(**{"from": "done", "to": "open"})
    only_open["definition"]["initial"] = "open"
    assert contradictions(("state-machines", only_open), ("workflows", workflow("open"))) == {
        "1": ["steps.0.actions.0.value"]
    }
    assert contradictions(("permissions", policy(roles=[]))) == {"0": ["roles"]}
    narrow = policy(fields={"include": ["qty"]})
    assert contradictions(("permissions", policy()), ("permissions", narrow)) == {"0": ["fields"]}
    assert contradictions(("permissions", narrow), ("permissions", narrow)) == {}


def test_roles_and_users_are_found_where_they_are_named() -> None:
    told = {"type": "send_notification", "channel": "email", "to": ["boss", "a@b.c", {"user": "x@y.z"}]}
    document = machine(roles=["clerk"], actions=[told])
    mentions = mentions_in(parse(KINDS["state-machines"], document))
    assert [(each.kind, each.name) for each in mentions] == [(ROLE, "clerk"), (ROLE, "boss"), (USER, "x@y.z")]
    assert mentions[0].path == "definition.transitions.0.roles.0"


def test_only_errors_that_a_change_has_caused_are_reported() -> None:
    document = {"entity": "order", "type": "expression", "definition": {"expression": "record.qty > record.gone"}}
    assert [error.path for error in expression_errors("rules", document, SCHEMA)] == ["definition.expression"]
    after = live_schema([entity("order", text("state"))])
    review = ExpressionReview("rules.1", "rules", document, (document, SCHEMA))
    [warning] = expression_warnings([review], after)
    assert warning["path"] == "rules.1.definition.expression" and "qty" in warning["message"]
    assert expression_warnings([review], SCHEMA) == []
