"""What a manual start takes, and from whom."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.contracts.context import Identity
from libs.shared.contracts.workflows import StartBody
from libs.shared.errors import RocketError
from libs.shared.schema import Snapshot
from libs.shared.snapshots.subscriptions import SubscriptionIndex
from services.workflow.manual import ManualStart, checked, startable
from services.workflow.triggers import WORKFLOWS
from tests.unit.workflow.examples import approval, document

CLERK = Identity("u", "clerk@x", ("clerk",))
FORM = [
    {"name": "reason", "type": "text", "required": True},
    {"name": "days", "type": "int", "default": 3},
    {"name": "kind", "type": "string", "enum": ["paid", "unpaid"]},
]
TRIGGER = {"type": "manual", "roles": ["clerk"], "form": FORM}


def asked(body: dict[str, Any], user: Identity = CLERK, **changes: Any) -> ManualStart:
    definition = document(approval(), context={}, **{"trigger": TRIGGER, **changes})
    snapshot = Snapshot(1, {}, {}, [], {"workflows": [{"id": "w1", **definition}]})
    return checked(SubscriptionIndex.of(WORKFLOWS, snapshot), user, StartBody(**{"workflow": "check", **body}))


def refusal(body: dict[str, Any], user: Identity = CLERK, **changes: Any) -> RocketError:
    with pytest.raises(RocketError) as found:
        asked(body, user, **changes)
    return found.value


def test_forms_and_inputs_are_complete_and_typed() -> None:
    inputs = {"amount": {"type": "decimal", "required": True}, "note": {"type": "text"}}
    start = asked({"form": {"reason": "sick"}, "context": {"amount": 5}}, inputs=inputs)
    assert (start.form, start.inputs) == ({"reason": "sick", "days": 3}, {"amount": 5})
    wrong = refusal({"form": {"days": "many", "kind": "none", "resaon": "x"}, "context": {"amout": 1}})
    assert {(each["field"], each["rule"]) for each in wrong.details} == {
        ("form.resaon", "unknown"), ("form.reason", "required"), ("form.days", "type"), ("form.kind", "enum"),
    }  # fmt: skip
    assert "reason" in str(wrong.details[0]["message"])
    missing = refusal({"form": {"reason": "sick"}, "context": {"amout": 1}}, inputs=inputs)
    assert [each["field"] for each in missing.details] == ["context.amout", "context.amount"]


@pytest.mark.parametrize(
    ("user", "code"),
    [
        (Identity("u", "x", ("staff",)), "FORBIDDEN"),
        (Identity("k", "", (), "api_key", scopes=(("order", ("read",)),)), "FORBIDDEN"),
        (Identity("a", "x", ("admin",)), None),
        (CLERK, None),
    ],
)
def test_only_its_roles_start_it(user: Identity, code: str | None) -> None:
    body = {"form": {"reason": "sick"}}
    assert asked(body, user) if code is None else refusal(body, user).code == code


def test_records_are_named_exactly_where_the_workflow_has_one() -> None:
    form = {"form": {"reason": "sick"}}
    about: dict[str, Any] = {"trigger": {**TRIGGER, "entity": "invoice"}}
    assert refusal(form, CLERK, **about).details[0] == {
        "field": "record_id", "rule": "required", "message": "is required: the invoice that it is about",
    }  # fmt: skip
    assert asked({**form, "record_id": 7}, CLERK, **about).record_id == "7"
    assert refusal({**form, "record_id": "7"}).details[0]["field"] == "record_id"


def test_only_active_manual_workflows_are_started() -> None:
    assert "do you mean" in refusal({"workflow": "chek"}).message
    assert refusal({"form": {"reason": "x"}}, active=False).code == "INVALID_STATE"
    assert "is not started by people" in refusal({}, trigger={"type": "event", "event": "x"}).message


def test_people_are_shown_what_they_may_start() -> None:
    trigger = {**TRIGGER, "entity": "order"}
    inputs = {"amount": {"type": "decimal", "required": True}}
    others: dict[str, dict[str, Any]] = {
        "any": {"trigger": {"type": "manual"}, "inputs": inputs},
        "boss": {"trigger": {"type": "manual", "roles": ["boss"]}},
        "off": {"trigger": {"type": "manual"}, "active": False},
        "made": {"trigger": {"type": "record_created", "entity": "order"}},
        "leave": {"trigger": trigger, "description": "Time off"},
    }
    rows = [
        {"id": name, **document(approval(), context={}, **changes), "name": name} for name, changes in others.items()
    ]
    index = SubscriptionIndex.of(WORKFLOWS, Snapshot(1, {}, {}, [], {"workflows": rows}))
    found = startable(index, CLERK, None)
    assert [each["name"] for each in found] == ["any", "leave"]
    assert found[0]["inputs"][0] | {"name": "amount", "type": "decimal", "required": True} == found[0]["inputs"][0]
    assert (found[1]["entity"], found[1]["description"]) == ("order", "Time off")
    assert [field["name"] for field in found[1]["form"]] == ["reason", "days", "kind"]
    assert [each["name"] for each in startable(index, CLERK, "order")] == ["leave"]
    assert [each["name"] for each in startable(index, Identity("a", "x", ("admin",)), None)] == ["any", "boss", "leave"]
