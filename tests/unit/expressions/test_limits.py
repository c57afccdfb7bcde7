"""Hostile texts, trees and evaluations end soon, with our own errors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from libs.shared.expressions import EvaluationError, ExpressionError, compile_expression
from libs.shared.expressions.limits import MAX_DEPTH, MAX_NODES, MAX_STEPS, MAX_STRING_CHARACTERS, MAX_TEXT_CHARACTERS
from tests.unit.expressions.evaluating import fails, gives

SOON = 10.0
"""Seconds of processor time, as others may keep the machine busy; far more than needed, as it may be a slow one."""
STEPS = "the expression takes too many steps"
LENGTH = "the expression makes a string that is too long"
ROWS: list[dict[str, Any]] = [{"q": n, "f": n + 0.5, "d": "2024-01-31"} for n in range(MAX_STEPS)]
BIG = "a" * (MAX_STRING_CHARACTERS - 1)
HUNDRED = f"[{', '.join(['1'] * 100)}]"


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """Every test of this file is over soon."""
    start = time.thread_time()
    yield
    assert time.thread_time() - start < SOON


def refused(text: str) -> str:
    """The reason for which `text` is refused."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)
    return caught.value.reason


def test_the_length_of_a_text() -> None:
    assert compile_expression("1".ljust(MAX_TEXT_CHARACTERS))({}) == 1
    assert refused("1".ljust(MAX_TEXT_CHARACTERS + 1)) == "the expression is longer than 10000 characters"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 4999,
        "(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1),
        "[" * 4000,
        "len(" * 2000,
        "a[" * 3000,
        "!" * 9999 + "1",
        "-" * 9999 + "1",
        "not " * 2499 + "1",
        "1" + "+1" * 4999,
        "1" + "==1" * 3000,
        "a?" * 2400 + "b" + ":c" * 2400,
        "a?b:" * 2499 + "c",
        "a" + "[0]" * 3333,
        "nil" + ".a" * 4000,
        "a || (" * 1500,
    ],
    ids=lambda text: text[:6],
)
def test_nesting(text: str) -> None:
    assert refused(text) == "the expression is nested too deeply"


def test_the_deepest_tree() -> None:
    levels = MAX_DEPTH - 1
    assert compile_expression("!" * levels + "x")({"x": 0}) is True
    assert refused("!" * (levels + 1) + "x") == "the expression is nested too deeply"
    assert compile_expression("(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH)({}) == 1
    assert compile_expression("[" * levels + "x" + "]" * levels)({"x": 0})[0][0] is not None
    assert compile_expression("'" + "(" * 100 + "'")({}) == "(" * 100


def test_the_number_of_nodes() -> None:
    elements = ",".join(["1"] * (MAX_NODES - 1))
    assert len(compile_expression(f"[{elements}]")({})) == MAX_NODES - 1
    assert refused(f"[{elements},1]") == "the expression has more than 2000 parts"
    assert refused("a" + ".a" * 4000) == "the expression has more than 2000 parts"
    assert compile_expression(" || ".join(["x"] * 1000))({}) is False


@pytest.mark.parametrize("text", ["'" + "\\\\" * 4990, '"' * 9999, "'" * 9999, "@" * 9999, "a " * 4999, "1." * 4999])
def test_texts_that_are_none(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "count(rows)",
        "sum(rows, q)",
        "all(rows, q >= 0 && f > 0)",
        f"count({HUNDRED}, any({HUNDRED}, it == 1))",
    ],
)
def test_enough_steps(text: str) -> None:
    assert compile_expression(text)({"rows": ROWS})


@pytest.mark.parametrize(
    "text",
    [
        "count(more)",
        "sum(more, q)",
        "all(more)",
        "x in more",
        "rows == others",
        "contains(more, x)",
        "any(rows, q in rows)",
        "any(rows, any(rows, it.q < 0))",
        f"any({HUNDRED}, any({HUNDRED}, any({HUNDRED}, it == x)))",
        f"sum({HUNDRED}, sum({HUNDRED}, sum({HUNDRED}, it)))",
        "any(rows, " + " || ".join(["q < 0"] * 300) + ")",
        "any(rows, " + ".".join(["x"] * 1000) + ")",
        "sum(rows, f " + " / f" * 30 + ")",
        "any(rows, d + days(1) < '1999-01-01' || d + days(2) < '1999-01-01' || d + days(3) < '1999-01-01')",
        "any(rows, big + 'b' == 'c')",
        "any(rows, big == other)",
        "any(rows, big > other)",
        "any(rows, [big] == [other])",
        "any(rows, 'b' in big)",
        "any(rows, upper(big) == 'c')",
        "any(rows, replace(big, 'ab', 'c') == 'c')",
        "any(rows, ends_with(big, 'c'))",
        "any(rows, matches(big, '(\\\\pL*\\\\pN*){2}z'))",
        "any(patterns, matches('aaa', it))",
        f"[{','.join(['big + 1'] * 500)}]",
    ],
    ids=lambda text: text[:40],
)
def test_too_many_steps(text: str) -> None:
    others = [dict(row) for row in ROWS]
    patterns = [f"(a|b){{{n % 500}}}c{n}" for n in range(20_000)]
    environment = {"rows": ROWS, "others": others, "more": [*ROWS, {}], "x": object(), "patterns": patterns}
    with pytest.raises(EvaluationError, match=STEPS):
        compile_expression(text)({**environment, "big": BIG, "other": BIG[:-1] + "b"})


def test_constants_are_folded_within_the_limit_too() -> None:
    nested = f"sum({HUNDRED}, sum({HUNDRED}, sum({HUNDRED}, 1) + 1 / 0))"
    expression = compile_expression(" + ".join([nested] * 4))
    with pytest.raises(EvaluationError):
        expression({})


def test_steps_are_counted_anew_for_each_evaluation() -> None:
    expression = compile_expression("count(rows)")
    assert [expression({"rows": ROWS}) for _ in range(3)] == [MAX_STEPS] * 3


def test_the_length_of_strings() -> None:
    gives("len(big + 'a')", MAX_STRING_CHARACTERS, big=BIG)
    fails("big + 'aa'", LENGTH, big=BIG)
    fails("big + big", LENGTH, big=BIG)
    fails("1 + big + 1", LENGTH, big=BIG)
    fails("upper(big)", LENGTH, big="ß" * MAX_STRING_CHARACTERS)
    fails("replace(big, 'a', 'aaa')", LENGTH, big=BIG)
    fails("substring(big, 1)", LENGTH, big=BIG + "abc")
    doubled = "'aaaaaaaaaa'"
    for _ in range(6):
        doubled = f"replace({doubled}, 'a', 'aaaaaaaaaa')"
    fails(doubled, LENGTH)


def test_numbers_do_not_grow() -> None:
    fails(" * ".join(["x"] * 40), "the number is too large", x=10)
    fails("x * x", "the number is too large", x=10**4000)
    gives("len('' + 1 / 3)", 40)
    fails("'' + x", "the number is too large", x=10**5000)


@pytest.mark.parametrize(
    "pattern", ["a{1001}", "((a{100}){100}){100}", "\\\\pL{1000}", "(\\\\pL*\\\\pN*){20}z", "a" * 1001]
)
def test_patterns_that_are_too_large(pattern: str) -> None:
    assert "pattern" in refused(f"matches(x, '{pattern}')")


def test_refused_patterns_are_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    refused("matches(x, 'a(')")
    assert capfd.readouterr() == ("", "")


def test_patterns_take_linear_time() -> None:
    gives("matches(x, '^(a+)+$')", False, x="a" * 100_000 + "!")
    gives("matches(x, '(x+x+)+y')", False, x="x" * 100_000)
    gives("matches(x, '^(a|aa)+$')", False, x="a" * 100_000 + "b")
