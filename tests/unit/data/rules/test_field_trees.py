"""A field rule as an expression is violated by the same values as the rule."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.expressions.compiling.compiler import compiled as closure
from libs.shared.expressions.limits import Meter
from libs.shared.schema import parse_value
from libs.shared.schema.rules import FieldRule, parse_operand
from services.data.rules.entity_rules import FieldCheck
from services.data.rules.field_trees import violation_tree
from services.data.rules.forms import serialize
from tests.unit.data.rules.orders import FIELDS, OWNER, compiled, demand

VALUES: dict[str, list[Any]] = {
    "count": [-1, 0, 1, 2, 5], "total": [0.5, 1, 2.25], "title": ["", "a", "ab", "b", "5"], "paid": [True, False],
    "due": ["2026-01-01", "2026-02-01", "2026-10-01"],
    "closed_at": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+01:00", "2025-01-01T00:00:00Z"],
    "owner": [OWNER, OWNER.replace("7", "8")],
}  # fmt: skip
RULES = [
    (field, operator, VALUES[field][1])
    for field in ("count", "total", "title", "due", "closed_at")
    for operator in ("min", "max", "gt", "gte", "lt", "lte", "eq", "neq")
] + [
    ("count", "in", [1, "5"]), ("title", "not_in", "a, b"), ("title", "enum", ["ab"]), ("paid", "eq", True),
    ("paid", "in", [False]), ("owner", "eq", OWNER), ("title", "min_length", 1), ("title", "max_length", 1.0),
    ("title", "not_empty", None), ("title", "required", None), ("count", "required", None), ("count", "max", 1.5),
]  # fmt: skip


@pytest.mark.parametrize(("field", "operator", "value"), RULES)
def test_rule_and_expression_agree(field: str, operator: str, value: Any) -> None:
    [check] = compiled(demand(field, operator, value)).before_write.fields
    tree = violation_tree(field, operator, _operand(field, operator, value))
    assert tree is not None
    run = closure(tree)
    seen = set()
    for each in [None, *(serialize(FIELDS[field], parse_value(FIELDS[field], v)) for v in VALUES[field])]:
        violated = _violated(check, each)
        assert run({"record": {field: each}}, Meter()) is violated, each
        seen.add(violated)
    assert seen == {True, False} or operator == "required"


@pytest.mark.parametrize(("operator", "operand"), [("pattern", "a"), ("like", "a%"), ("eq", {"a": 1}), ("in", [[1]])])
def test_rules_without_an_expression_form(operator: str, operand: Any) -> None:
    assert violation_tree("title", operator, operand) is None


def _operand(field: str, operator: str, value: Any) -> Any:
    rule = FieldRule.model_validate({"field": field, "operator": operator, "value": value})
    operand = parse_operand(rule, FIELDS[field])
    return (
        [serialize(FIELDS[field], v) for v in operand]
        if isinstance(operand, list)
        else serialize(FIELDS[field], operand)
    )


def _violated(check: FieldCheck, value: Any) -> bool:
    return check.demands_value if value is None else not check.holds(value)
