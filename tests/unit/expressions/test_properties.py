"""What holds for every tree: it can be written and read back, and it means what the model says."""

from __future__ import annotations

from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from libs.shared.expressions import EvaluationError, ExpressionError, compile_expression
from libs.shared.expressions.syntax.parsing import parse
from libs.shared.expressions.syntax.tree import Node
from tests.unit.expressions.model import evaluate
from tests.unit.expressions.model_values import Undefined, identical, lift, true
from tests.unit.expressions.printing import text_of
from tests.unit.expressions.records import ENVIRONMENTS
from tests.unit.expressions.sensible import sensible_trees
from tests.unit.expressions.trees import ANY_TREE

TOKENS = """
    record . status record.s record.n [ ] ( ) , == != === < >= in not and && || ! ? : + - * / % 1 2.5 'a' "b"
    true nil len( sum( it now() new Date( coalesce( matches( min( = record.rows
"""


@given(ANY_TREE)
@settings(max_examples=300, deadline=None)
def test_a_printed_tree_is_read_back(tree: Node) -> None:
    again = parse(text_of(tree))
    assert again == tree
    # Python holds 1, 1.0 and true for equal, the language does not.
    assert repr(again) == repr(tree)


@given(sensible_trees(), ENVIRONMENTS)
@settings(max_examples=600, deadline=None)
def test_evaluation_agrees_with_the_model(tree: Node, environment: dict[str, Any]) -> None:
    expression = compile_expression(text_of(tree))
    try:
        expected = evaluate(tree, environment)
    except Undefined:
        event("undefined")
        expected = Undefined
    try:
        found = lift(expression(environment))
    except EvaluationError:
        found = Undefined
    assert found is expected or identical(found, expected), (expression.text, found, expected)
    if found is not Undefined:
        assert expression.test(environment) is true(expected)


@given(st.text(max_size=40) | st.lists(st.sampled_from(TOKENS.split()), max_size=20).map(" ".join), ENVIRONMENTS)
@settings(max_examples=500, deadline=None)
def test_any_text_is_refused_or_evaluated(text: str, environment: dict[str, Any]) -> None:
    try:
        expression = compile_expression(text)
    except ExpressionError as mistake:
        lines = [*text.split("\n"), ""]
        assert 1 <= mistake.position.column <= len(lines[mistake.position.line - 1]) + 1
        return
    try:
        expression(environment)
    except EvaluationError:
        event("undefined")


@given(sensible_trees(), ENVIRONMENTS)
@settings(max_examples=200, deadline=None)
def test_a_result_depends_on_the_paths_only(tree: Node, environment: dict[str, Any]) -> None:
    """Fields that `paths` does not name may be anything."""
    expression = compile_expression(text_of(tree))
    roots = {path.split(".")[0] for path in expression.paths}
    fields = {path.split(".")[1] for path in expression.paths if path.startswith("record.")}
    if "record" in expression.paths:
        return
    other = {key: value for key, value in environment.items() if key in roots}
    record = {key: value for key, value in environment["record"].items() if key in fields}
    assert _outcome(expression, {**environment}) == _outcome(expression, {**other, "record": record})


def _outcome(expression: Any, environment: dict[str, Any]) -> str:
    try:
        return repr(expression(environment))
    except EvaluationError as error:
        return error.message
