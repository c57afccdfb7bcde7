"""Names and types in expressions: what is surely wrong is told with its place, and nothing else."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

import pytest

from libs.shared.expressions import EvaluationError, compile_expression
from libs.shared.expressions.checking import (
    ANY,
    BOOLEAN,
    DATE,
    NUMBER,
    STRING,
    Environment,
    ListOf,
    Object,
    Simple,
    Use,
    check,
    rewritten,
)
from libs.shared.expressions.checking.functions import SIGNATURES
from libs.shared.expressions.checking.types import DURATION, Type, kind_of
from libs.shared.expressions.errors import Position
from libs.shared.expressions.functions import FUNCTIONS
from libs.shared.expressions.syntax.parsing import parse
from libs.shared.expressions.values.kinds import Kind, kind

LINE = Object({"amount": NUMBER, "sku": STRING, "data": ANY}, "line")
RECORD = Object(
    {
        "qty": NUMBER, "price": NUMBER, "name": STRING, "due": STRING, "open": BOOLEAN, "data": ANY,
        "status": Simple(Kind.STRING, frozenset({"new", "done"})),
    },
    "order",
)  # fmt: skip
ENVIRONMENT: Environment = {
    "record": RECORD, "old": RECORD, "now": DATE, "user": Object({"id": STRING, "roles": ListOf(STRING)}),
    "related": Object({"lines": ListOf(LINE)}), "entity": Simple(Kind.STRING, frozenset({"order"}), "order"),
    "changes": Object({"qty": Object({"old": NUMBER, "new": NUMBER})}, "order"),
    "action": Simple(Kind.STRING, frozenset({"create", "update"})),
}  # fmt: skip

SOUND = [
    "record.qty > 3", "record.qty == nil", "record.name == 'x' && old.name != record.name", "record.data.a.b > 'x'",
    "record.due < now", "record.due < '2026-01-01'", "now - record.due > days(3)", "record.due + days(2) > now",
    "sum(related.lines, amount) > 3", "sum(related.lines, it.amount * 2)", "related.lines[0].amount > 3",
    "any(related.lines, amount > record.qty)", "related.lines.length == 0", "len(related.lines) > 1",
    "count(related.lines) > 2 && count(related.lines, sku == 'a') == 0", "'admin' in user.roles", "record.name.length",
    "record.qty in [1, 2.5]", "record.status == 'done'", "record.status in ['new', 'done']", "'qty' in changes",
    "changes.qty.old < changes.qty.new", "changes['qty'].old == 1", "record.name + record.qty == 'a1'",
    "max(record.qty, record.price) > 1", "max(related.lines, amount) > 1", "min([1, 2]) == 1", "avg(record.data) > 1",
    "any(record.data, whatever > 1)", "record.data[0] == 'x' || record.data['a'] == 1", "coalesce(record.qty, 0) > 1",
    "(record.open ? record.qty : 0) > 1", "(record.open ? record.qty : 'x') == 'x'", "round(record.price, 2) == 1.25",
    "contains(record.name, 'a')", "contains(user.roles, 'x')", "year(record.due) == 2026", "matches(record.name, 'a.')",
    "entity == 'order'", "action != 'update'", "-record.qty < 0", "!record.name", "record.qty && record.name",
    "nil == record.qty", "record.qty > nil", "'a' == 'b'", "substring(record.name, 0, record.qty) == 'a'",
    "record.data > 3 && record.data < 'x' && record.data in 'abc'", "[] == record.data", "record.qty in []",
]  # fmt: skip
WRONG = [
    ("record.qantity > 3", "record has no `qantity`; do you mean `qty`?"),
    ("recrod.qty > 3", "there is no `recrod` here; do you mean `record`?"),
    ("record.qty > '5'", "a number and a string have no order"), ("record.qty == '5'", "never equal to a string"),
    ("record.qty != '5'", "a number is never equal to a string"), ("record.open > 1", "have no order"),
    ("record.qty in ['1', '2']", "no element fits"), ("record.name in [1]", "no element fits"),
    ("record.qty in record.name", "a number can't be in a string"), ("'a' in record.qty", "nothing can be in a number"),
    ("sum(related.lines.amount) > 3", "related.lines is a list: write sum(related.lines, amount)"),
    ("sum(related.lines) > 1", "sum adds numbers, not an object: write sum(list, field)"),
    ("sum(related.lines, sku) > 1", "sum adds numbers, not a string"), ("sum(record.qty) > 1", "sum works on lists"),
    ("sum(related.lines, amuont) > 1", "there is no `amuont` here; do you mean `amount`?"),
    ("any(related.lines, it.amuont > 1)", "it has no `amuont`; do you mean `amount`?"),
    ("sum(related.linse, amount)", "related has no `linse`; do you mean `lines`?"),
    ("record.qty.name == 1", "record.qty is a number, it has no `name`"), ("record.name.size > 1", "it has no `size`"),
    ("record['qantity'] > 1", "do you mean `qty`?"), ("related.lines['a']", "is a list"),
    ("related.lines[record.name].sku", "by its number"), ("record.qty[0]", "a number has no elements"),
    ("record.status == 'dnoe'", "'dnoe' is none of done, new; do you mean 'done'?"),
    ("record.status in ['new', 'dnoe']", "do you mean 'done'?"), ("action == 'delete'", "is none of create, update"),
    ("'qnty' in changes", "`qnty`; do you mean `qty`?"), ("contains(changes, 'qnty')", "`qnty`; do you mean `qty`?"),
    ("entity == 'oder'", "do you mean 'order'?"), ("lower(record.qty) == 'a'", "lower takes a string, not a number"),
    ("round(record.name) > 1", "round takes a number, not a string"), ("record.name - 1", "can't be subtracted from"),
    ("record.name * 2", "can't be multiplied by"), ("record.open + 1", "can't be added to"),
    ("-record.name", "no sign"),
    ("year(record.qty) > 1", "year takes a date or a string"), ("now > 5", "a date and a number have no order"),
    ("now.year > 5", "now is a date, it has no `year`"), ("days(record.name)", "days takes a number"),
    ("contains(record.qty, 1)", "nothing can be in a number"), ("record.qty ? record.nmae : 1", "`nmae`"),
    ("nil == nil && (record.open || record.opne)", "do you mean `open`?"), ("len(record.qty) > 1", "len takes"),
]  # fmt: skip


@pytest.mark.parametrize("text", SOUND)
def test_valid_expressions_pass(text: str) -> None:
    assert check(parse(text), ENVIRONMENT).errors == []


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_wrong_expressions_are_reported(text: str, words: str) -> None:
    found = check(parse(text), ENVIRONMENT).errors
    assert len(found) == 1
    assert words in found[0].message


def test_a_mistake_has_its_position() -> None:
    [mistake] = check(parse("record.qty > 1\n && record.nmae == 'x'"), ENVIRONMENT).errors
    assert mistake.position == Position(2, 12)
    assert str(mistake) == "record has no `nmae`; do you mean `name`? (line 2, column 12)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("record.qty", NUMBER), ("record.qty > 1", BOOLEAN), ("now - record.due", DURATION),
        ("record.due - days(1)", DATE),
        ("sum(related.lines, amount)", NUMBER), ("related.lines", ListOf(LINE)), ("max(related.lines, sku)", STRING),
        ("record.open ? 1 : 2.5", NUMBER), ("record.open ? 1 : 'x'", ANY), ("coalesce(record.name, '')", STRING),
        ("record.data", ANY), ("lower(record.name)", STRING),
    ],
)  # fmt: skip
def test_the_type_of_a_result(text: str, expected: Type) -> None:
    assert check(parse(text), ENVIRONMENT).type == expected


RENAMED = [
    ("record.qty > 3 && record . qty < 9", "record.quantity > 3 && record . quantity < 9"),
    ("'record.qty' == old.name && old.qty", "'record.qty' == old.name && old.quantity"),
    ("record['qty'] > 1 && 'qty' in changes", "record['quantity'] > 1 && 'quantity' in changes"),
    ("changes.qty.old\n  == record.qty", "changes.quantity.old\n  == record.quantity"),
    ("sum(related.lines, amount * record.qty)", "sum(related.lines, amount * record.quantity)"),
    ("entity == 'order' && \"order\" == record.name", "entity == 'purchase' && \"order\" == record.name"),
    ("record.data.qty == 1", "record.data.qty == 1"), ("contains(changes, \"qty\")", "contains(changes, \"quantity\")"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), RENAMED)
def test_names_of_fields_and_entities_are_found_where_they_stand(text: str, expected: str) -> None:
    def follow(use: Use) -> str:
        if use.entity != "order":
            return use.word
        return {"qty": "quantity"}.get(use.name, use.name) if use.name else "purchase"

    assert rewritten(text, check(parse(text), ENVIRONMENT).uses, follow) == expected


def test_fields_of_rows_are_those_of_their_entity() -> None:
    uses = check(parse("any(related.lines, it.sku == 'a' && amount > 1)"), ENVIRONMENT).uses
    assert {(use.entity, use.name) for use in uses} == {("line", "sku"), ("line", "amount")}


SAMPLES: dict[Kind, tuple[Type, Any]] = {
    Kind.NUMBER: (NUMBER, 3),
    Kind.STRING: (STRING, "2026-01-01"),
    Kind.BOOLEAN: (BOOLEAN, True),
    Kind.DATE: (DATE, date(2026, 1, 2)),
    Kind.DURATION: (DURATION, timedelta(days=1)),
    Kind.LIST: (ListOf(NUMBER), [3]),
    Kind.OBJECT: (Object({"a": NUMBER}), {"a": 3}),
    Kind.NIL: (Simple(Kind.NIL), None),
}
"""A type of each kind, and a value of it that no operator refuses for anything but its kind."""
PAIRS = list(itertools.product(SAMPLES, repeat=2))


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "%", "<", ">=", "in"])
@pytest.mark.parametrize(("left", "right"), PAIRS, ids=lambda kind: kind.name)
def test_refused_expressions_fail_when_evaluated(operator: str, left: Kind, right: Kind) -> None:
    """For each pair of kinds, the checker has a mistake where evaluation has an error, and knows the result's kind."""
    expression = compile_expression(f"a {operator} b")
    found = check(expression.tree, {"a": SAMPLES[left][0], "b": SAMPLES[right][0]})
    try:
        result = expression({"a": SAMPLES[left][1], "b": SAMPLES[right][1]})
    except EvaluationError:
        assert len(found.errors) == 1
        return
    if found.errors:
        assert operator == "in" and result is False
    elif kind_of(found.type) is not None and result is not None:
        assert kind_of(found.type) is kind(result)


@pytest.mark.parametrize(("left", "right"), PAIRS, ids=lambda kind: kind.name)
def test_conditions_reported_as_never_true_are_false(left: Kind, right: Kind) -> None:
    expression = compile_expression("a == b")
    found = check(expression.tree, {"a": SAMPLES[left][0], "b": SAMPLES[right][0]})
    if found.errors:
        assert expression({"a": SAMPLES[left][1], "b": SAMPLES[right][1]}) is False
    elif Kind.NIL not in (left, right):
        assert left is right or {left, right} == {Kind.DATE, Kind.STRING}


def test_checking_is_linear_and_reports_few_mistakes() -> None:
    text = "record.qty"
    for _ in range(30):
        text = f"({text} in [true, record.nope])"
    found = check(parse(text), ENVIRONMENT)
    assert len(found.errors) == 20
    deep = "record.open"
    for _ in range(30):
        deep = f"({deep} in [{deep if len(deep) < 200 else 'true'}, false])"
    assert check(parse(deep), ENVIRONMENT).errors == []


def test_row_fields_shadow_others() -> None:
    environment: Environment = {"amount": STRING, "rows": ListOf(LINE)}
    assert check(parse("sum(rows, amount) > 1"), environment).errors == []
    assert len(check(parse("amount > 1"), environment).errors) == 1


def test_each_function_has_a_signature() -> None:
    own = {name for name, function in FUNCTIONS.items() if function.takes_rows} | {"contains", "coalesce"}
    assert set(SIGNATURES) == set(FUNCTIONS) - own
