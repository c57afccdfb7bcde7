"""Field rules as expressions that are true where the rule is violated, so that SQL can evaluate them."""

from __future__ import annotations

from typing import Any

from libs.shared.expressions.syntax.tree import Call, Comparison, ComparisonOperator, Constant, Items, Logic, Node, Path

OPPOSITES: dict[str, ComparisonOperator] = {
    "min": "<", "gte": "<", "gt": "<=", "max": ">", "lte": ">", "lt": ">=",
    "eq": "!=", "neq": "==", "in": "not in", "enum": "not in", "not_in": "in", "min_length": "<", "max_length": ">",
}  # fmt: skip


def violation_tree(field: str, operator: str, operand: Any) -> Node | None:
    """The violation of `field operator operand` (serialized); None where only the predicate can decide it."""
    value = Path(("record", field))
    missing = Comparison("==", value, Constant(None))
    empty = Comparison("==", value, Constant(""))
    if operator == "required":
        return Logic("||", (missing, empty))
    violated = empty if operator == "not_empty" else _violated(value, operator, operand)
    return None if violated is None else Logic("&&", (Comparison("!=", value, Constant(None)), violated))


def _violated(value: Node, operator: str, operand: Any) -> Node | None:
    opposite = OPPOSITES.get(operator)
    if opposite is None or isinstance(operand, dict):
        return None
    if isinstance(operand, list):
        if any(isinstance(option, list | dict) for option in operand):
            return None
        return Comparison(opposite, value, Items(tuple(map(Constant, operand))))
    left = Call("len", (value,)) if operator in ("min_length", "max_length") else value
    return Comparison(opposite, left, Constant(operand))
