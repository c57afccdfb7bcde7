"""State machines: beginning, transitions, roles, guards, and what transitions do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from libs.shared import exact
from services.data.rules import decide
from tests.unit.data.rules.orders import (
    ADMIN,
    CLERK,
    KEY,
    NOW,
    compiled,
    compute,
    creating,
    decided,
    demand,
    forbid,
    machine,
    refused,
    transition,
    updating,
)  # fmt: skip

CLOSE = transition("open", "closed")
REOPEN = transition(["closed", "lost"], "open")
OPEN = {"status": "open"}


def closing(**action: Any) -> dict[str, Any]:
    return machine(transition("open", "closed", actions=[action]))


def test_a_sent_state_must_be_the_initial_one() -> None:
    rules = compiled(machine(CLOSE))
    assert decide(rules, creating(status="open")).values["status"] == "open"
    assert refused(rules, creating(status="closed")) == [
        {"field": "status", "rule": "state_machine", "message": "must begin as open"}
    ]


@pytest.mark.parametrize("sent", [{}, {"status": None}])
def test_a_record_without_a_state_gets_the_initial_one_before_rules_look(sent: dict[str, Any]) -> None:
    assert decided(creating(**sent), machine(CLOSE), forbid("record.status != 'open'")).values["status"] == "open"


def test_a_default_may_supply_the_state() -> None:
    attempt = creating()
    defaulted = replace(attempt, values={**attempt.values, "status": "draft"})
    assert decided(defaulted, machine(CLOSE)).values["status"] == "draft"


def test_a_computed_state_is_checked_as_if_it_was_sent() -> None:
    rules = compiled(compute("status", "record.count > 5 ? 'closed' : 'open'"), machine(CLOSE))
    decide(rules, creating(count=1))
    assert refused(rules, creating(count=6))
    assert decide(rules, updating(OPEN, count=6)).values["status"] == "closed"
    assert refused(rules, updating({"status": "closed"}, count=1))


@pytest.mark.parametrize(
    ("old", "sent", "passes"),
    [
        ("open", "closed", True), ("closed", "open", True), ("lost", "open", True), ("open", "lost", False),
        ("closed", "lost", False), ("open", "unheard", False), ("open", "", False), ("open", None, False),
        ("open", "open", True), ("lost", "lost", True), (None, "open", True), (None, "closed", False),
        (None, None, True),
    ],
)  # fmt: skip
def test_a_changed_state_needs_a_transition(old: str | None, sent: str | None, passes: bool) -> None:
    rules = compiled(machine(CLOSE, REOPEN))
    attempt = updating({"status": old}, status=sent, title="t")
    if passes:
        assert decide(rules, attempt).values == {"status": sent, "title": "t"}
    else:
        [detail] = refused(rules, attempt)
        assert (detail["field"], detail["rule"], bool(detail["message"])) == ("status", "state_machine", True)


def test_a_state_that_is_not_sent_is_not_checked() -> None:
    assert decided(updating({"status": "unheard"}, title="t"), machine(CLOSE)).values == {"title": "t"}


def test_machines_of_several_fields_are_independent() -> None:
    rules = compiled(machine(CLOSE), machine(transition("open", "done"), field="stage"))
    old = {"status": "open", "stage": "open"}
    decide(rules, updating(old, status="closed", stage="done"))
    assert [detail["field"] for detail in refused(rules, updating(old, status="x", stage="y"))] == ["status", "stage"]
    assert [detail["field"] for detail in refused(rules, updating(old, status="closed", stage="y"))] == ["stage"]


@pytest.mark.parametrize(
    "document",
    [
        machine(CLOSE, active=False), machine(CLOSE, field="unheard"), machine(CLOSE, field="tags"),
        {**machine(CLOSE), "entity": "other"}, {**machine(CLOSE), "definition": {}},
    ],
)  # fmt: skip
def test_inactive_machines_are_ignored(document: dict[str, Any]) -> None:
    rules = compiled(document)
    assert rules.is_empty
    assert decide(rules, creating(status="anything")).values["status"] == "anything"


def test_a_refusal_names_the_present_state_and_what_is_allowed_from_it() -> None:
    ways = [transition("open", "closed"), transition("open", "lost", roles=["boss"]), transition(["open"], "held")]
    rules = compiled(machine(*ways))
    [detail] = refused(rules, updating(OPEN, CLERK, status="paid"))
    assert detail["message"] == "can't change from open to paid; allowed from open: closed, held"
    [detail] = refused(rules, updating({"status": "closed"}, CLERK, status="open"))
    assert detail["message"] == "can't change from closed to open; nothing is allowed from closed"
    unseen = replace(updating(OPEN, CLERK, status="paid"), sees=lambda name: name != "status")
    [detail] = refused(rules, unseen)
    assert detail["message"] == "can't change from its present state to paid"


def test_roles_decide_who_may_take_a_transition() -> None:
    rules = compiled(
        machine(transition("open", "closed", roles=["boss", "clerk"]), transition("open", "lost", roles=[]))
    )
    decide(rules, updating(OPEN, CLERK, status="closed"))
    decide(rules, updating(OPEN, ADMIN, status="lost"))
    [detail] = refused(rules, updating(OPEN, ADMIN, status="closed"), "FORBIDDEN")
    assert detail["message"] == "can't change from open to closed for your roles; allowed from open: lost"
    assert refused(rules, updating(OPEN, ADMIN, status="unheard"))


def test_violations_are_told_before_missing_roles() -> None:
    rules = compiled(machine(transition("open", "closed", roles=["boss"])), demand("count", "min", 1, "few"))
    refused(rules, updating(OPEN, count=1, status="closed"), "FORBIDDEN")
    assert [detail["message"] for detail in refused(rules, updating(OPEN, count=0, status="closed"))] == ["few"]


@pytest.mark.parametrize(
    ("guard", "passes"),
    [
        (None, True), ("", True), ("record.count > 5", True), ("record.title == 'stored'", True),
        ("old.count == 1", True), ("record.status == 'closed' && old.status == 'open'", True),
        ("'clerk' in user.roles && action == 'update' && now > record.due", True), ("record.count > 6", False),
        ("old.count > 5", False), ("record.title > 5", False), ("nil", False), ("new Date(1) < 2", False),
    ],
)  # fmt: skip
def test_a_guard_must_be_true(guard: str | None, passes: bool) -> None:
    rules = compiled(machine(transition("open", "closed", guard=guard)))
    attempt = updating({**OPEN, "count": 1, "title": "stored", "due": "2026-01-01"}, status="closed", count=6)
    if passes:
        assert decide(rules, attempt).values["status"] == "closed"
    else:
        assert refused(rules, attempt)[0]["rule"] == "state_machine"


def test_the_first_permitted_transition_is_taken() -> None:
    def way(mark: int, **conditions: Any) -> dict[str, Any]:
        return transition(
            "open", "closed", actions=[{"type": "set_field", "field": "count", "value": mark}], **conditions
        )

    rules = compiled(machine(way(1, roles=["boss"]), way(2, guard="record.title == 'x'"), way(3)))
    assert decide(rules, updating(OPEN, status="closed")).values["count"] == 3
    assert decide(rules, updating(OPEN, status="closed", title="x")).values["count"] == 2


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("closed_at", "now", NOW), ("due", "now", date(2026, 3, 4)), ("title", "now", "2026-03-04T05:06:07.08+00:00"),
        ("count", 5, 5), ("count", None, None), ("total", "{{ record.rate }}", Decimal("1.25")),
        ("title", "by {{user.email}}, was {{ old.title }}", "by clerk@x, was before"),
        ("title", "{{record.unheard}}", None), ("stage", "done", "done"),
    ],
)  # fmt: skip
def test_a_transition_sets_fields_in_the_same_write(field: str, value: Any, stored: Any) -> None:
    documents = [
        closing(type="set_field", field=field, value=value),
        machine(transition("open", "never"), field="stage"),  # actions pass machines and rules by
        demand("count", "max", 1), forbid("record.stage == 'done'"),
    ]  # fmt: skip
    old = {**OPEN, "stage": "open", "rate": Decimal("1.25"), "title": "before"}
    assert decided(updating(old, status="closed"), *documents).values == {"status": "closed", field: stored}


def test_nothing_is_set_without_a_transition() -> None:
    rules = compiled(closing(type="set_field", field="count", value=1))
    assert decide(rules, updating(OPEN, status="open")).values == {"status": "open"}
    assert decide(rules, creating(status="open")).values["count"] is None


@pytest.mark.parametrize("field", ["id", "made", "unheard"])
def test_keys_and_the_servers_fields_are_not_set(field: str) -> None:
    rules = compiled(closing(type="set_field", field=field, value="now"))
    assert decide(rules, updating(OPEN, status="closed")).values == {"status": "closed"}


def test_a_value_that_does_not_fit_refuses_the_write() -> None:
    rules = compiled(closing(type="set_field", field="count", value="{{record.title}}"))
    [detail] = refused(rules, updating({**OPEN, "title": "secret"}, status="closed"))
    assert (detail["field"], detail["rule"]) == ("status", "state_machine")
    assert "secret" not in detail["message"]


@pytest.mark.parametrize(
    ("action", "effect"),
    [
        (
            {"type": "webhook", "url": "http://x/{{record.id}}?k={{env.KEY}}", "headers": {"k": "{{ env.KEY }}"}},
            {
                "type": "webhook", "url": f"http://x/{KEY}?k={{{{env.KEY}}}}", "headers": {"k": "{{ env.KEY }}"},
                "method": "POST",
            },
        ),
        (
            {"type": "webhook", "url": "http://x", "method": "PUT"},
            {"type": "webhook", "url": "http://x", "method": "PUT"},
        ),
        (
            {"type": "create_record", "entity": "order", "fields": {"due": "now", "closed_at": "now", "count": 1}},
            {
                "type": "create_record", "entity": "order",
                "fields": {"due": "2026-03-04", "closed_at": "2026-03-04T05:06:07.08+00:00", "count": 1},
            },
        ),
        (
            {"type": "update_record", "entity": "o", "record_id": "{{record.id}}", "fields": {"rate": "{{old.rate}}"}},
            {"type": "update_record", "entity": "o", "record_id": KEY, "fields": {"rate": Decimal("1.25")}},
        ),
        (
            {"type": "delete_record", "entity": "order", "record_id": "{{record.owner}}"},
            {"type": "delete_record", "entity": "order", "record_id": None},
        ),
        (
            {"type": "send_event", "event": "closed", "payload": {"a": ["{{record.tags}}", "{{record.tags.a.0}}!"]}},
            {"type": "send_event", "event": "closed", "payload": {"a": [{"a": [True]}, "true!"]}},
        ),
        (
            {"type": "send_notification", "channel": "email", "template": "{{now}}", "to": ["{{user.email}}"]},
            {
                "type": "send_notification", "channel": "email", "template": "2026-03-04T05:06:07.08+00:00",
                "to": ["clerk@x"],
            },
        ),
    ],
)  # fmt: skip
def test_other_actions_become_complete_effects(action: dict[str, Any], effect: dict[str, Any]) -> None:
    old = {**OPEN, "rate": Decimal("1.25"), "tags": {"a": [True]}}
    decision = decided(updating(old, status="closed"), closing(**action))
    taken = {"machine": "m0", "field": "status", "from": "open", "to": "closed"}
    assert decision.effects == [{**effect, "transition": taken}]
    assert decision.values == {"status": "closed"}


def test_effects_see_the_new_record() -> None:
    actions = [
        {"type": "send_event", "event": "{{record.title}} {{record.status}} {{record.count}} {{record.rate}}"},
        {"type": "set_field", "field": "title", "value": "set"},
    ]
    rules = compiled(machine(transition("open", "closed", actions=actions)), compute("count", "7"))
    decision = decide(rules, updating({**OPEN, "rate": Decimal("0.10")}, status="closed"))
    assert [effect["event"] for effect in decision.effects] == ["set closed 7 0.10"]


def test_record_values_are_not_templates() -> None:
    rules = compiled(closing(type="send_event", event="{{record.title}}"))
    decision = decide(rules, updating({**OPEN, "title": "{{user.email}}"}, status="closed"))
    assert decision.effects[0]["event"] == "{{user.email}}"


HEADERS = [
    ("Bearer {{env.KEY}}", "Bearer {{env.KEY}}"),
    ("{{record.count}}", "3"),
    ("{{record.title}}", ["{{env.KEY}}"]),
    ("{{ env.KEY }} {{record.title}}", [{"env": "KEY"}, " ", "{{env.KEY}}"]),
    ("{{record.status}}: {{ env.KEY }}", ["closed", ": ", {"env": "KEY"}]),
    ("{{record.brace}}{env.KEY}}", ["{", "{env.KEY}}"]),
    ("{{record.tags}}", '[{"env":"KEY"}]'),
]


@pytest.mark.parametrize(("text", "value"), HEADERS)
def test_only_header_definitions_are_templates(text: str, value: Any) -> None:
    rules = compiled(closing(type="webhook", url="http://x", headers={"X": text}))
    old = {**OPEN, "title": "{{env.KEY}}", "brace": "{", "count": 3, "tags": [{"env": "KEY"}]}
    header = decide(rules, updating(old, status="closed")).effects[0]["headers"]["X"]
    assert header == value


@pytest.mark.parametrize(
    ("url", "filled"),
    [
        ("http://h/{{record.title}}?q={{record.title}}", "http://h/..%2Fa%3Fb%23c%20%C3%A9?q=..%2Fa%3Fb%23c%20%C3%A9"),
        ("http://{{record.host}}/a", "http://[::1]:80/a"),
        ("http://{{record.title}}.h/", "http://..%2Fa%3Fb%23c%20%C3%A9.h/"),
    ],
)
def test_values_cannot_change_the_structure_of_a_url(url: str, filled: str) -> None:
    rules = compiled(closing(type="webhook", url=url))
    decision = decide(rules, updating({**OPEN, "title": "../a?b#c é", "host": "[::1]:80"}, status="closed"))
    assert decision.effects[0]["url"] == filled


def test_the_size_of_an_effect_is_bounded() -> None:
    rules = compiled(closing(type="send_event", event="e", payload={"text": "{{record.title}} " * 20}))
    [detail] = refused(rules, updating({**OPEN, "title": "x" * 100_000}, status="closed"))
    assert detail["field"] == "status"
    assert exact.dumps(decide(rules, updating({**OPEN, "title": "x"}, status="closed")).effects)
