"""Access to members and elements, what counts as true, and what is evaluated at all."""

from __future__ import annotations

from collections import OrderedDict, UserDict
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from libs.shared.expressions import compile_expression
from tests.unit.expressions.evaluating import gives

RECORD = {"a": {"b": {"c": 1}}, "n": None, "list": [10, [20], {"x": 30}], "text": "äöü", "length": 7, "": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("record.a.b.c", 1),
        ("record['a']['b'].c", 1),
        ("record.a['b' + ''].c", 1),
        ("record.n", None),
        ("record.n.x.y", None),
        ("record.missing.x", None),
        ("missing", None),
        ("missing.x[0].y", None),
        ("nil.x", None),
        ("record.a.b.c.d", None),
        ("record.list[0]", 10),
        ("record.list[1][0]", 20),
        ("record.list[2].x", 30),
        ("record.list[-1].x", 30),
        ("record.list[3]", None),
        ("record.list[-4]", None),
        ("record.list[1.0][0.0]", 20),
        ("record.list[0.5]", None),
        ("record.list['x']", None),
        ("record.list[nil]", None),
        ("record.list[true]", None),
        ("record[0]", None),
        ("record.list.length", 3),
        ("record.list['length']", 3),
        ("record.text.length", 3),
        ("record.text[0]", None),
        ("record.length", 7),
        ("record.a.length", None),
        ("'abc'.length", 3),
        ("[1, 2].length", 2),
        ("(true ? record : nil).a.b.c", 1),
        ("record['']", 1),
        # nothing of Python is a member
        ("record.__class__", None),
        ("record.keys", None),
        ("record.text.upper", None),
        ("record.list.append", None),
        ("now.year", None),
        ("nil.__class__", None),
    ],
)
def test_access(text: str, expected: Any) -> None:
    gives(text, expected, record=RECORD)


@pytest.mark.parametrize("kind", [dict, OrderedDict, UserDict, MappingProxyType])
def test_every_mapping_is_an_object(kind: Any) -> None:
    gives("record.a.b == 1 && 'a' in record && len(record) == 1", True, record=kind({"a": kind({"b": 1})}))
    assert compile_expression("a")(kind({"a": 1})) == 1


@pytest.mark.parametrize("value", [None, False, 0, 0.0, -0.0, Decimal("0.00"), "", [], ()])
def test_false_values(value: Any) -> None:
    assert compile_expression("x").test({"x": value}) is False
    gives("!x", True, x=value)
    gives("x ? 1 : 2", 2, x=value)
    gives("x || x", False, x=value)


@pytest.mark.parametrize(
    "value", [True, 1, -1, 0.1, Decimal("0.01"), "0", " ", "false", [0], {}, timedelta(), date.min]
)
def test_true_values(value: Any) -> None:
    assert compile_expression("x").test({"x": value}) is True
    gives("not x", False, x=value)
    gives("x ? 1 : 2", 1, x=value)
    gives("x && x", True, x=value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("false && 1 / 0", False),
        ("true || 1 / 0", True),
        ("nil && 1 / 0", False),
        ("'x' || 1 / 0", True),
        ("1 && 2 && 3", True),
        ("1 && 0 && 1 / 0", False),
        ("nil || 0 || ''", False),
        ("0 || '' || 'a' || 1 / 0", True),
        ("nil and 'a' or 'b'", True),
        ("true ? 1 : 1 / 0", 1),
        ("false ? 1 / 0 : 'no'", "no"),
        ("coalesce(nil, 2, 1 / 0)", 2),
        ("record.x != nil && record.x.y > 1", False),
        ("any([1, 2], it > 0 || 1 / 0 > 0)", True),
        ("any([1, 0], 1 / it > 0)", True),
        ("all([0, 1], it > 0 && 1 / it > 0)", False),
    ],
)
def test_no_more_is_evaluated_than_needed(text: str, expected: Any) -> None:
    gives(text, expected, record={})
