"""Every function: what it gives, what it makes of nil, what it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from libs.shared.expressions.functions import FUNCTIONS
from tests.unit.expressions.evaluating import NOW, fails, gives

ITEMS = [
    {"qty": 2, "price": 1.5, "name": "b"},
    {"qty": 5, "price": Decimal("0.10"), "name": "a"},
    {"qty": None, "name": "c"},
]
LOCAL = datetime(2024, 2, 1, 1, tzinfo=timezone(timedelta(hours=2)))
LONG = Decimal("1234567890123." + "1" * 37)
ENVIRONMENT = {
    "related": {"items": ITEMS, "none": []},
    "record": {
        "limit": 4,
        "tags": ["x", "y", None],
        "when": "2024-01-31T23:30:00-01:00",
        "local": LOCAL,
        "long": LONG,
    },
    "qty": 1000,
}

CASES: list[tuple[str, Any]] = [
    ("len('äb')", 2),
    ("len([1, nil])", 2),
    ("len(record)", 5),
    ("len(nil)", 0),
    ("lower('ÄB')", "äb"),
    ("upper('äß')", "ÄSS"),
    ("trim(' a\\n')", "a"),
    ("contains('abc', 'b')", True),
    ("contains(record.tags, 'x')", True),
    ("contains(record.tags, nil)", True),
    ("contains(record, 'limit')", True),
    ("contains(nil, 'x')", False),
    ("starts_with('abc', 'ab')", True),
    ("starts_with('abc', 'b')", False),
    ("starts_with(nil, 'b')", False),
    ("ends_with('abc', 'bc')", True),
    ("ends_with('abc', nil)", False),
    ("substring('abcd', 1)", "bcd"),
    ("substring('abcd', 1, 2)", "bc"),
    ("substring('abcd', 2.0, 1.0)", "c"),
    ("substring('abcd', 9)", ""),
    ("substring('abcd', -2, 3)", "abc"),
    ("substring('abcd', 1, -1)", ""),
    ("substring('abcd', 0, 10000000000000000000000)", "abcd"),
    ("substring(nil, 1)", None),
    ("substring('abcd', nil)", None),
    ("replace('a.b.c', '.', '-')", "a-b-c"),
    ("replace('aaa', 'aa', 'b')", "ba"),
    ("replace('abc', '', 'x')", "abc"),
    ("replace('abc', nil, 'x')", None),
    ("matches('AB-12', '^[A-Z]+-[0-9]+$')", True),
    ("matches('xab', 'ab')", True),
    ("matches('ab', 'ab' + 'c')", False),
    ("matches(nil, 'a')", False),
    ("matches('a', nil)", False),
    ("matches('a', record.missing)", False),
    ("matches('axb', record.tags[0])", True),
    ("matches('größe', '^\\\\pL{5}$')", True),
    ("round(2.5)", 3),
    ("round(-2.5)", -3),
    ("round(2.4)", 2),
    ("round(7)", 7),
    ("round(1.005, 2)", Decimal("1.01")),
    ("round(-1.005, 2)", Decimal("-1.01")),
    ("round(1.5, 3) == 1.5", True),
    ("round(1250, -2)", 1300),
    ("round(1249.9, -2)", 1200),
    ("round(3, 2)", 3),
    ("round(nil)", None),
    ("round(1, nil)", None),
    ("abs(-3)", 3),
    ("abs(-1.5)", Decimal("1.5")),
    ("abs(nil)", None),
    ("min(3, 1, 2)", 1),
    ("max(3, 1.5)", 3),
    ("max(3, nil)", 3),
    ("min(nil, nil)", None),
    ("min('b', 'a')", "a"),
    ("max(date('2024-01-01'), now)", NOW),
    ("min([3, 1, nil])", 1),
    ("max(related.items, qty)", 5),
    ("min(related.items, name)", "a"),
    ("min([])", None),
    ("min(nil)", None),
    ("max(record.missing, amount)", None),
    ("sum([1, 2.5, nil])", Decimal("3.5")),
    ("sum([])", 0),
    ("sum(nil)", 0),
    ("sum(related.items, qty)", 7),
    ("sum(related.items, qty * price)", Decimal("3.50")),
    ("sum(related.items, it.qty)", 7),
    ("sum(related.missing, qty)", 0),
    ("avg([1, 2])", Decimal("1.5")),
    ("avg([1, 3, nil])", 2),
    ("avg(related.items, qty)", Decimal("3.5")),
    ("avg([])", None),
    ("any([0, nil, 'x'])", True),
    ("any([])", False),
    ("any(nil)", False),
    ("any(related.items, qty > 3)", True),
    ("any(related.items, qty > record.limit)", True),
    ("any(related.items, qty > 10)", False),
    ("all([1, 'x'])", True),
    ("all([])", True),
    ("all(nil, x)", True),
    ("all(related.items, name != '')", True),
    ("all(related.items, qty > 1)", False),
    ("count(related.items)", 3),
    ("count(record.tags)", 3),
    ("count(related.items, qty > 1)", 2),
    ("count(related.items, qty)", 2),
    ("count(nil)", 0),
    ("count([1, 2, 3], it >= 2)", 2),
    # a row's keys come first, also where they are nil, then the names around
    ("sum(related.items, record.limit)", 12),
    ("count(related.items, qty == 1000)", 0),
    ("count(related.items, price == nil)", 1),
    ("sum([1, 2], qty)", 2000),
    ("any(related.items, any(record.tags, it == 'y') && qty == 5)", True),
    ("sum([[1, 2], [3]], sum(it, it * 10))", 60),
    ("any([1], it.x)", False),
    ("coalesce(nil, record.missing, 'x')", "x"),
    ("coalesce(nil)", None),
    ("coalesce(false, 1)", False),
    ("now()", NOW),
    ("now", NOW),
    ("now() == now", True),
    ("any([record], now() == now)", True),
    ("date('2024-01-31')", date(2024, 1, 31)),
    ("date('2024-01-31T12:00:00+02:00')", datetime(2024, 1, 31, 10, tzinfo=UTC)),
    ("date(now)", NOW),
    ("date(nil)", None),
    ("date('2024-01-31') < date('2024-02-01T00:00:00Z')", True),
    ("days(2)", timedelta(days=2)),
    ("hours(0.5)", timedelta(minutes=30)),
    ("minutes(-1)", timedelta(minutes=-1)),
    ("year('2024-01-31')", 2024),
    ("month(record.when)", 2),
    ("day(record.when)", 1),
    ("year(now)", 2024),
    ("month(nil)", None),
    ("day(record.local)", 31),
    ("round(record.long, 30) == record.long", False),
    ("round(record.long, 37) == record.long", True),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_function(text: str, expected: Any) -> None:
    gives(text, expected, **ENVIRONMENT)


def test_every_function_is_in_the_table() -> None:
    assert all(any(f"{name}(" in text for text, _ in CASES) for name in FUNCTIONS)


def test_a_row_that_has_a_now_does_not_change_the_time() -> None:
    gives("any(rows, now() == '2024-03-01T12:00:00Z' && now == 1)", True, rows=[{"now": 1}])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("len(1)", "len takes a string, a list or an object, not a number"),
        ("lower(1)", "lower works on strings, not on a number"),
        ("trim([])", "trim works on strings, not on a list"),
        ("starts_with('a', 1)", "starts_with works on strings, not on a number"),
        ("contains(1, 1)", "nothing can be in a number"),
        ("substring('a', 'b')", "substring takes for its places a number, not a string"),
        ("substring('a', 0.5)", "substring takes for its places a whole number"),
        ("replace('a', 'a', 1)", "replace works on strings, not on a number"),
        ("matches(1, 'a')", "matches works on strings, not on a number"),
        ("matches('a', 1)", "matches works on strings, not on a number"),
        ("matches('a', '(' + record.tags[0])", "invalid pattern, missing ): (x"),
        ("round('a')", "round takes a number, not a string"),
        ("round(1, 0.5)", "round takes for its digits a whole number"),
        ("round(1, 39)", "round takes at most 38 digits"),
        ("abs(true)", "abs takes a number, not a boolean"),
        ("min(1, 'a')", "a string and a number have no order"),
        ("max([true, false])", "a boolean and a boolean have no order"),
        ("min(5)", "min works on lists, not on a number"),
        ("sum(['a'])", "sum adds only a number, not a string"),
        ("sum(1)", "sum works on lists, not on a number"),
        ("sum(record, x)", "sum works on lists, not on an object"),
        ("avg(['a'])", "avg takes a number, not a string"),
        ("any('abc')", "any works on lists, not on a string"),
        ("date(1)", "date takes a date, not a number"),
        ("date('31.1.2024')", "date takes a date, and this string is none"),
        ("date('20240131')", "date takes a date, and this string is none"),
        ("date('2024-02-30')", "date takes a date, and this string is none"),
        ("date('2024-01-31T25:00')", "date takes a date, and this string is none"),
        ("date('0001-01-01T00:00:00+10:00')", "date takes a date, and this string is none"),
        ("days('a')", "days takes a number, not a string"),
        ("year(2024)", "year takes a date, not a number"),
    ],
)
def test_refused_values(text: str, message: str) -> None:
    fails(text, message, **ENVIRONMENT)
