"""Expression rules, computed fields, and the order of everything."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from services.data.rules import check_written, decide
from tests.unit.data.rules.orders import (
    CLERK,
    KEY,
    NOW,
    compiled,
    compute,
    creating,
    decided,
    deleting,
    demand,
    forbid,
    machine,
    refused,
    transition,
    updating,
)  # fmt: skip


def test_without_rules_everything_sent_is_written() -> None:
    attempt = creating(title="a")
    assert decide(compiled(), attempt).values == attempt.values
    assert decide(compiled(), attempt).effects == []


@pytest.mark.parametrize(
    ("expression", "violated"),
    [
        ("record.count > 5", True), ("record.count > 6", False), ("record.title == 'a'", True), ("record.rate", False),
        ("record.total == 1.01", True), ("record.due == '2026-01-02'", True), ("record.due < now", True),
        ("record.closed_at == '2026-01-01T23:00:00.5+00:00'", True), ("record.closed_at < record.due", True),
        ("record.owner == user.id", True), ("record.tags.a[0] == 1", True), ("record.paper.id == '" + KEY + "'", True),
        ("record.code == 'c'", True), ("record.unheard.of", False), ("old == nil", True), ("action == 'create'", True),
        ("'clerk' in user.roles", True), ("user.email == 'clerk@x'", True), ("now > '2026-03-04T05:06:07Z'", True),
        ("len(related.lines)", False),
    ],
)  # fmt: skip
def test_an_expression_that_is_true_is_violated(expression: str, violated: bool) -> None:
    rules = compiled(forbid(expression, "because"))
    attempt = creating(
        title="a", count=6, total=1.005, due="2026-01-02", closed_at="2026-01-02T00:00:00.5+01:00",
        owner=CLERK.id, tags={"a": [1]}, paper=KEY,
    )  # fmt: skip
    if violated:
        assert refused(rules, attempt) == [{"rule": "expression", "message": "because"}]
    else:
        decide(rules, attempt)


def test_on_update_expressions_see_the_merged_record() -> None:
    rules = compiled(forbid("action == 'update' && record.count > old.count && record.title == 'stored'"))
    assert refused(rules, updating({"count": 1, "title": "stored"}, count=2))
    decide(rules, updating({"count": 1, "title": "stored"}, count=2, title="sent"))
    decide(rules, updating({"count": 1, "title": "stored"}, count=None))


def test_on_delete_expressions_see_the_stored_record() -> None:
    rules = compiled(forbid("action == 'delete' && old.paid && record.paid", "paid", hook="before_delete"))
    assert refused(rules, deleting({"paid": True})) == [{"rule": "expression", "message": "paid"}]
    assert decide(rules, deleting({"paid": False})).values == {}
    decide(rules, creating(paid=True))


def test_related_records_are_what_each_rule_declared() -> None:
    lines = [{"relation": "lines", "filter": {"open.eq": True}}]
    rules = compiled(
        forbid("len(related.lines) == 1", "one", related_load=lines),
        forbid("len(related.lines) > 1", "many", related_load=[{"relation": "lines"}]),
        forbid("related.lines != nil", "undeclared"),
        compute("count", "sum(related.lines, n)", related_load=lines),
    )
    loads = rules.related_loads("before_write")
    assert [(load.relation, load.filters) for load in loads] == [("lines", {"open.eq": True}), ("lines", {})]
    assert rules.related_loads("before_delete") == []
    attempt = updating({})
    rows = [{"n": 2}, {"n": 3}]
    one_and_many = {loads[0]: rows[:1], loads[1]: rows}
    details = refused(rules, type(attempt)("update", {}, frozenset(), CLERK, NOW, attempt.old, one_and_many))
    assert [detail["message"] for detail in details] == ["one", "many"]
    two = type(attempt)("update", {}, frozenset(), CLERK, NOW, attempt.old, {loads[0]: rows, loads[1]: []})
    assert decide(rules, two).values == {"count": 5}


def test_violations_are_collected_in_order() -> None:
    rules = compiled(
        machine(transition("open", "closed")),
        forbid("record.count == 0", "expression 5", priority=5),
        demand("count", "min", 1, "field 9", priority=9),
        forbid("record.title == ''", "expression -1", priority=-1),
        demand("title", "not_empty", None, "field 0"),
        compute("size", "'xl'"),
    )
    details = refused(rules, creating(count=0, title="", status="closed"))
    assert [detail["message"] for detail in details] == [
        "field 0", "field 9", "expression -1", "expression 5", "must begin as open",
    ]  # fmt: skip


@pytest.mark.parametrize(("stopper", "seen"), [(0, 1), (1, 2), (2, 3), (None, 4)])
def test_stop_on_fail_ends_the_evaluation(stopper: int | None, seen: int) -> None:
    stops = [{"stop_on_fail": True} if number == stopper else {} for number in range(3)]
    rules = compiled(
        demand("count", "min", 1, "first", **stops[0]),
        demand("count", "min", 2, "second", **stops[1]),
        forbid("record.count == 0", "third", **stops[2]),
        machine(transition("open", "closed")),
    )
    details = refused(rules, creating(count=0, status="closed"))
    assert [detail["message"] for detail in details] == ["first", "second", "third", "must begin as open"][:seen]


def test_stop_on_fail_of_a_satisfied_rule_is_ignored() -> None:
    rules = compiled(demand("count", "min", 0, stop_on_fail=True), forbid("record.count == 0", "second"))
    assert [detail["message"] for detail in refused(rules, creating(count=0))] == ["second"]


def test_a_rule_that_cannot_be_evaluated_is_violated_with_the_reason() -> None:
    [detail] = refused(compiled(forbid("record.title > 5", "big")), creating(title="secret"))
    assert detail["message"].startswith("big (the rule can't be evaluated: ")
    assert "secret" not in detail["message"]
    decided(creating(), forbid("record.title != nil && record.title > 5"))


@pytest.mark.parametrize("expression", ["new Date(record.due) >= new Date(record.due)", "record.count >"])
def test_expressions_of_another_language_are_never_violated(expression: str) -> None:
    rules = compiled(forbid(expression), compute("count", expression))
    assert rules.is_empty
    assert decide(rules, creating(due="2026-01-01", count=1)).values["count"] == 1


@pytest.mark.parametrize(
    ("field", "expression", "stored"),
    [
        ("count", "2 * 3", 6), ("count", "6 / 2.0", 3), ("total", "record.count * 1.5", Decimal("3.0")),
        ("title", "record.code + '-' + record.count", "c-2"), ("paid", "record.count > 1", True),
        ("due", "now", date(2026, 3, 4)), ("due", "date('2026-01-01') + days(1)", date(2026, 1, 2)),
        ("closed_at", "now", NOW), ("closed_at", "date('2026-01-01')", datetime(2026, 1, 1, tzinfo=UTC)),
        ("owner", "user.id", uuid.UUID(CLERK.id)), ("tags", "[record.count, 'a']", '[2,"a"]'),
        ("tags", "user.roles", '["clerk"]'), ("title", "nil", None), ("size", "'s'", "s"),
    ],
)  # fmt: skip
def test_a_computed_field_overrides_what_was_sent(field: str, expression: str, stored: Any) -> None:
    assert decided(creating(count=2), compute(field, expression)).values[field] == stored
    change = updating({"code": "c"}, **({"count": 2} if field == "count" else {"count": 2, field: None}))
    assert decided(change, compute(field, expression)).values[field] == stored


def test_computed_fields_see_earlier_results_as_they_are_stored() -> None:
    rules = [
        compute("rate", "record.total * 100", priority=2),
        compute("total", "record.count * 1.005", priority=1),
    ]
    assert decided(creating(count=1), *rules).values["rate"] == 101
    assert decided(updating({"count": 1}), *rules).values["rate"] == 101


@pytest.mark.parametrize(
    ("field", "expression", "says"),
    [
        ("count", "'a'", "whole number"), ("count", "1.5", "whole number"), ("count", "10000000000", "between"),
        ("count", "1 / 0", "division by zero"), ("size", "'xl'", "one of"), ("title", "5", "string"),
        ("code", "nil", "required"), ("closed_at", "now - record.due", "length of time"),
        ("paid", "1", "true or false"),
    ],
)  # fmt: skip
def test_a_result_that_does_not_fit_refuses_the_write(field: str, expression: str, says: str) -> None:
    [detail] = refused(compiled(compute(field, expression)), creating(due="2026-01-01"))
    assert (detail["field"], detail["rule"]) == (field, "computed")
    assert says in detail["message"]


def test_all_invalid_results_are_reported() -> None:
    bad = [compute("count", "'a'"), compute("paid", "'b'")]
    assert [detail["field"] for detail in refused(compiled(*bad), creating())] == ["count", "paid"]
    stopping = [compute("count", "'a'", stop_on_fail=True), bad[1]]
    assert [detail["field"] for detail in refused(compiled(*stopping), creating())] == ["count"]


@pytest.mark.parametrize("field", ["id", "made", "unheard"])
def test_keys_and_the_servers_fields_are_not_computed(field: str) -> None:
    assert compiled(compute(field, "1")).is_empty


def test_rules_after_the_write_see_the_record_as_it_was_written() -> None:
    rules = compiled(
        forbid("record.id == nil || record.made == nil", "not generated", hook="after_write"),
        forbid("record.count > 5", "too many", hook="after_write"),
        demand("title", "min_length", 2, "too short", hook="after_write"),
    )
    attempt = creating(count=9)
    decide(rules, attempt)
    written = {"id": KEY, "made": "2026-01-01T00:00:00+00:00", "count": 1, "title": "ab"}
    check_written(rules, attempt, written)
    with pytest.raises(Exception, match="too short") as refusal:
        check_written(rules, attempt, {**written, "id": None, "count": 6, "title": "a"})
    assert [detail["message"] for detail in getattr(refusal.value, "details", [])] == [
        "too short", "not generated", "too many",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "sent", "needed"),
    [
        (demand("count", "min", 1), {"count"}, False), (forbid("record.count > 1"), {"count"}, False),
        (forbid("record.count > 1"), {"title"}, True), (forbid("record.count > record.big"), {"count"}, True),
        (forbid("record.count > record.big"), {"count", "big"}, False), (forbid("len(record) > 5"), {"count"}, True),
        (forbid("record['count'] > 5"), {"count"}, False), (forbid("record[user.id] > 5"), {"count"}, True),
        (forbid("old.count > 5"), {"count"}, True), (forbid("old == nil"), {"count"}, True),
        (forbid("user.id == 'a'"), {"count"}, False), (forbid("old.count > 5", hook="after_write"), {"count"}, True),
        (forbid("record.big > 5", hook="after_write"), {"count"}, False),
        (forbid("record.big > 5", hook="before_delete"), {"count"}, False),
        (compute("total", "record.count * 2"), {"count"}, False), (compute("total", "record.big"), {"count"}, True),
        (machine(transition("open", "closed")), {"status"}, True),
        (machine(transition("open", "closed")), {"title"}, False),
    ],
)  # fmt: skip
def test_the_stored_record_is_loaded_only_when_needed(rule: dict[str, Any], sent: set[str], needed: bool) -> None:
    rules = compiled(rule)
    assert rules.needs_stored("update", sent) is needed
    assert rules.needs_stored("create", sent) is False
    assert rules.needs_stored("delete", ()) is (rule.get("hook") == "before_delete")


def test_computed_fields_are_seen_by_later_rules_and_machines() -> None:
    computed = [compute("total", "record.count * 2"), compute("rate", "record.total * 2", priority=1)]
    assert not compiled(*computed).needs_stored("update", {"count"})
    moving = [compute("status", "'open'"), machine(transition("open", "closed"))]
    assert compiled(*moving).needs_stored("update", {"count"})
