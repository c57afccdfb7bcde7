"""Field rules, operator by operator."""

from __future__ import annotations

from typing import Any

import pytest

from services.data.rules import decide
from tests.unit.data.rules.orders import compiled, creating, deleting, demand, refused, updating

OWNER = "7B0E7B8E-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("field", "operator", "value", "good", "bad"),
    [
        ("count", "min", 1, [1, 2], [0, -5]), ("count", "max", 1, [1, 0], [2]), ("count", "max", 1.5, [1], [2]),
        ("count", "gt", 1, [2], [1]), ("count", "gte", "1", [1], [0]), ("count", "lt", 1, [0], [1]),
        ("count", "lte", 1, [1], [2]), ("total", "min", 0.1, [0.1, 1], [0.09]), ("rate", "lt", 0.3, [0.29], [0.3]),
        ("total", "max", 1, [1.004], [1.005, 1.01]),  # what is stored is rounded
        ("due", "min", "2026-02-01", ["2026-02-01", "2026-10-01"], ["2026-01-31"]),
        ("closed_at", "lt", "2026-02-01T00:00:00+01:00", ["2026-01-31T22:59:59Z"], ["2026-01-31T23:00:00Z"]),
        ("title", "gt", "b", ["c"], ["a", "b"]),
        ("title", "min_length", 2, ["ab", "éé", "😀😀"], ["a", "", "😀"]),
        ("title", "max_length", 2, ["ab", ""], ["abc"]),
        ("tags", "min_length", 1, [["x"]], [[]]), ("count", "min_length", 2, [10], [9]),
        ("title", "pattern", "^[A-Z]+$", ["ABC"], ["", "aB", "ABC1"]), ("title", "pattern", "b", ["abc"], ["ac"]),
        ("count", "pattern", "^1", [12], [21]), ("paid", "pattern", "true", [True], [False]),
        ("title", "like", "a_c%", ["abc", "abcd", "a\nc"], ["ac", "xabc", "ABC"]),
        ("title", "like", "50\\%.*", ["50%.*"], ["50 .x", "50%.x"]), ("title", "like", "%\\", ["a\\"], ["a"]),
        ("title", "eq", "a", ["a"], ["b", ""]), ("count", "eq", 5, [5], [6]), ("paid", "eq", True, [True], [False]),
        ("paid", "neq", "true", [False], [True]), ("title", "neq", "a", ["b"], ["a"]),
        ("owner", "eq", OWNER, [OWNER, OWNER.lower()], ["0b0e7b8e-0000-4000-8000-000000000009"]),
        ("closed_at", "eq", "2026-01-01", ["2026-01-01T01:00:00+01:00"], ["2026-01-01T00:00:01Z"]),
        ("title", "in", ["a", "b"], ["a"], ["c", ""]), ("title", "in", "a, b", ["b"], ["a, b"]),
        ("count", "in", [1, 2.0], [2], [3]), ("count", "not_in", "1,2", [3], [1]),
        ("size", "enum", ["s"], ["s"], ["m"]),
        ("title", "not_empty", None, ["a", " "], [""]), ("tags", "not_empty", None, [{"a": 1}], [[], {}]),
        ("tags", "eq", {"a": [1]}, [{"a": [1.0]}], [{"a": []}]),
    ],
)  # fmt: skip
def test_operator(field: str, operator: str, value: Any, good: list[Any], bad: list[Any]) -> None:
    rules = compiled(demand(field, operator, value, "wrong"))
    for each in good:
        decide(rules, creating(**{field: each}))
        decide(rules, updating({}, **{field: each}))
    for each in bad:
        for attempt in (creating(**{field: each}), updating({}, **{field: each})):
            assert refused(rules, attempt) == [{"field": field, "rule": operator, "message": "wrong"}]
    decide(rules, creating())
    nothing: dict[str, Any] = {field: None}
    decide(rules, creating(**nothing))
    decide(rules, updating({}, **nothing))


def test_updates_check_sent_fields_only() -> None:
    rules = compiled(demand("count", "min", 5))
    decide(rules, updating({"count": 1}, title="a"))
    assert refused(rules, updating({"count": 9}, count=1))


def test_required_on_create_and_update() -> None:
    rules = compiled(demand("title", "required"))
    detail = {"field": "title", "rule": "required", "message": "is required"}
    for attempt in (creating(), creating(title=None), creating(title=""), updating({}, title=None)):
        assert refused(rules, attempt) == [detail]
    decide(rules, creating(title="a"))
    decide(rules, updating({}, count=1))


@pytest.mark.parametrize(
    ("operator", "value", "sent"), [("min", 1, 0), ("max_length", 1, 10), ("pattern", "a", 5), ("in", [1], 2)]
)
def test_a_rule_without_a_message_gets_one(operator: str, value: Any, sent: Any) -> None:
    [detail] = refused(compiled(demand("count", operator, value)), creating(count=sent))
    assert detail["message"].startswith("must ")


def test_before_delete_rules_see_the_stored_record() -> None:
    rules = compiled(demand("count", "max", 0, "still some left", hook="before_delete"))
    decide(rules, deleting({"count": 0}))
    decide(rules, deleting({}))
    decide(rules, creating(count=5))
    decide(rules, updating({"count": 5}, count=6))
    [detail] = refused(rules, deleting({"count": 1}))
    assert detail["message"] == "still some left"


@pytest.mark.parametrize(
    "unusable",
    [
        demand("unheard", "min", 1), demand("title", "min", 1), demand("paid", "gt", 1),
        demand("title", "pattern", "("),
        demand("count", "min"), demand("title", "like", "a" * 1001), demand("count", "min", 1, active=False),
        {**demand("count", "min", 1), "entity": "other"}, {**demand("count", "min", 1), "hook": "at_night"},
    ],
)  # fmt: skip
def test_undecidable_rules_are_not_violated(unusable: dict[str, Any]) -> None:
    rules = compiled(unusable)
    assert rules.is_empty
    decide(rules, creating(count=0, title="", paid=False))
