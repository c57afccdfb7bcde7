"""Compiles each node of the tree to a closure."""

from __future__ import annotations

from libs.shared.expressions.compiling import access, aggregates, calls, comparisons, logic, sums
from libs.shared.expressions.compiling.code import Code, Run, constant, folded
from libs.shared.expressions.functions import FUNCTIONS, UNBOUNDED, Function
from libs.shared.expressions.functions.lists import Aggregate
from libs.shared.expressions.limits import NODES_PER_STEP, Meter
from libs.shared.expressions.scope import NOW, present
from libs.shared.expressions.syntax import tree
from libs.shared.expressions.syntax.measuring import count
from libs.shared.expressions.syntax.tree import Node


def compiled(root: Node, folding: Meter | None = None) -> Run:
    """The closure of a whole expression; ExpressionError for a constant pattern that is not sound.

    `folding` pays for what is computed now; several expressions may have one purse.
    """
    return _code(root, folding or Meter()).run


def _code(node: Node, folding: Meter) -> Code:
    """The node's code, or its result if nothing it needs can change.

    `folding` bounds the work of finding such results, over the whole expression.
    """
    if isinstance(node, tree.Constant):
        return constant(node.value)
    parts = [_code(child, folding) for child in tree.children(node)]
    return folded(Code(_run(node, parts), _pure(node, parts), _boolean(node, parts)), folding)


def _run(node: Node, parts: list[Code]) -> Run:  # noqa: C901 - a table: one line a node
    match node:
        case tree.Constant(value):
            return constant(value).run
        case tree.Path(names):
            return access.path(names)
        case tree.Member(name=name):
            return access.member_of(parts[0], name)
        case tree.Index():
            return access.element_of(*parts)
        case tree.Items():
            return access.items(parts)
        case tree.Call():
            return _call(node, parts)
        case tree.Negation():
            return logic.negation(*parts)
        case tree.Negative():
            return sums.negative(*parts)
        case tree.Arithmetic(operator):
            return sums.arithmetic(operator, *parts)
        case tree.Comparison():
            return _comparison(node, parts)
        case tree.Logic(operator):
            return logic.logic(operator, parts)
        case tree.Choice():
            return logic.choice(*parts)


def _comparison(node: tree.Comparison, parts: list[Code]) -> Run:
    strings = _strings(node.right)
    match node.operator:
        case "in" if strings:
            return comparisons.one_of(parts[0], strings)
        case "not in" if strings:
            return comparisons.negated(comparisons.one_of(parts[0], strings))
    return comparisons.comparison(node.operator, *parts)


def _strings(node: Node) -> frozenset[str] | None:
    """The elements of a list of string literals; None for anything else."""
    if not isinstance(node, tree.Items):
        return None
    values = [part.value for part in node.elements if isinstance(part, tree.Constant)]
    texts = frozenset(value for value in values if isinstance(value, str))
    return texts if len(values) == len(node.elements) and all(value in texts for value in values) else None


def _call(node: tree.Call, parts: list[Code]) -> Run:
    function = FUNCTIONS[node.name]
    if function.aggregate is not None:
        return _aggregate(node, function, function.aggregate, parts)
    if function.plain is not None:
        return calls.plain(function, function.plain, parts)
    match node.name:
        case "coalesce":
            return calls.coalesce(parts)
        case "matches":
            return calls.matches(parts[0], parts[1], node.arguments[1].position)
    return lambda names, meter: present(names)


def _aggregate(node: tree.Call, function: Function, aggregate: Aggregate, parts: list[Code]) -> Run:
    source, *rest = parts
    if not rest:
        return aggregates.over_list(node.name, function.bare or aggregate, source)
    if len(rest) > 1:
        return aggregates.over_values(aggregate, parts)
    row, price = rest[0], 1 + count(node.arguments[1]) // NODES_PER_STEP
    if function.most is UNBOUNDED:
        return aggregates.rows_or_values(aggregate, source, row, price)
    return aggregates.over_rows(node.name, aggregate, source, row, price)


def _pure(node: Node, parts: list[Code]) -> bool:
    """Whether the node reads nothing but its parts, which read nothing."""
    reads = isinstance(node, tree.Path) or (isinstance(node, tree.Call) and node.name == NOW)
    return not reads and all(part.pure for part in parts)


def _boolean(node: Node, parts: list[Code]) -> bool:
    """Whether the result is always true or false."""
    match node:
        case tree.Negation() | tree.Comparison() | tree.Logic():
            return True
        case tree.Call(name):
            return FUNCTIONS[name].boolean
        case tree.Choice():
            return parts[1].boolean and parts[2].boolean
    return False
