"""The public face: what a compiled expression tells about itself, and the conditions of real schemas."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from libs.shared.expressions import compile_expression
from libs.shared.expressions.syntax.parsing import parse

HOUSE: list[tuple[str, dict[str, Any], bool]] = [
    ("action === 'create'", {"action": "create"}, True),
    ("action === 'create'", {"action": "update"}, False),
    ("record.status === 'approved'", {"record": {"status": "approved"}}, True),
    ("record.status === 'approved'", {"record": {}}, False),
    ("context.days > 5", {"context": {"days": 6}}, True),
    ("context.days > 5", {"context": {"days": None}}, False),
    (
        "date(record.end_date) >= date(record.start_date)",
        {"record": {"start_date": "2024-01-31", "end_date": "2024-02-01"}},
        True,
    ),
    (
        "date(record.end_date) >= date(record.start_date)",
        {"record": {"start_date": "2024-02-01", "end_date": "2024-01-31T23:59:59Z"}},
        False,
    ),
    ("date(record.end_date) >= date(record.start_date)", {"record": {}}, False),
    (
        "record.end_date < record.start_date",
        {"record": {"start_date": "2024-02-01", "end_date": "2024-01-31"}},
        True,
    ),
    ("old != nil && old.status != record.status", {"record": {"status": "a"}, "old": None}, False),
    (
        "'manager' in user.roles || record.owner == user.id",
        {"user": {"id": 7, "roles": []}, "record": {"owner": 7}},
        True,
    ),
    ("len(related.items) == 0", {"related": {}}, True),
    (
        "sum(related.items, amount) > record.limit",
        {"related": {"items": [{"amount": 6}] * 2}, "record": {"limit": 10}},
        True,
    ),
]


@pytest.mark.parametrize(("text", "environment", "expected"), HOUSE)
def test_conditions_of_real_schemas(text: str, environment: dict[str, Any], expected: bool) -> None:
    expression = compile_expression(text)
    assert expression(environment) is expected
    assert expression.test(environment) is expected


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("record.status == 'approved' && record.amount > 100", {"record.status", "record.amount"}),
        ("1 + 2", set()),
        ("a.b.c + a.b", {"a.b.c", "a.b"}),
        ("record['status'] == old['a']['b']", {"record.status", "old.a"}),
        ("record[key]", {"record", "key"}),
        ("record.lines[0].price", {"record.lines"}),
        ("record.name.length", {"record.name.length"}),
        ("now() > record.due", {"now", "record.due"}),
        ("sum(related.items, qty * it.price)", {"related.items", "qty"}),
        ("any(related.items, any(it.tags, it == user.id))", {"related.items", "user.id"}),
        ("any(related.items, it['a'] == it[b])", {"related.items", "b"}),
        ("min(record.a, record.b)", {"record.a", "record.b"}),
        ("it.x", {"it.x"}),
        ("sum(it.x, it.y)", {"it.x"}),
        ("false && record.x", {"record.x"}),
        ("[a, -b, !c, d ? e : f, lower(g), (h + i).j]", set("abcdefghi")),
    ],
)
def test_paths(text: str, paths: set[str]) -> None:
    assert compile_expression(text).paths == paths


def test_it_keeps_its_text_and_tree() -> None:
    expression = compile_expression(" a  === 1 ")
    assert expression.text == " a  === 1 "
    assert expression.tree == parse("a == 1")
    assert expression == compile_expression(" a  === 1 ")
    assert "function" not in repr(expression)


@pytest.mark.parametrize("text", ["[1, [2, 'a']]", "[x, 1]", "x ? [1] : [1]"])
def test_every_result_is_the_callers_own(text: str) -> None:
    expression = compile_expression(text)
    before = repr(expression({}))
    expression({}).append("changed")
    assert repr(expression({})) == before


def test_one_expression_runs_in_many_threads() -> None:
    expression = compile_expression("sum(rows, it * factor)")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: expression({"rows": list(range(100)), "factor": n}), range(200)))
    assert found == [4950 * n for n in range(200)]


def test_importing_builds_no_parser() -> None:
    program = (
        "from libs.shared.expressions.syntax import parsing; import libs.shared.expressions;"
        "assert parsing._parser.cache_info().currsize == 0"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
