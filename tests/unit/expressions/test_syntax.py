"""What can be written, and which tree it is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from libs.shared.expressions import Position
from libs.shared.expressions.syntax.parsing import parse
from libs.shared.expressions.syntax.tree import Call, Comparison, Constant, Member, Path

CALL_OF_DATE = Call("date", (Path(("a",)),))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        # lowest to highest precedence, each beside its neighbour
        ("a || b ? c : d", "(a || b) ? c : d"),
        ("a ? b : c ? d : e", "a ? b : (c ? d : e)"),
        ("a ? b ? c : d : e", "a ? (b ? c : d) : e"),
        ("a && b || c && d", "(a && b) || (c && d)"),
        ("a == b && c != d", "(a == b) && (c != d)"),
        ("a < b == c >= d", "(a < b) == (c >= d)"),
        ("a == b == c", "(a == b) == c"),
        ("a in b == c not in d", "(a in b) == (c not in d)"),
        ("a + b < c - d", "(a + b) < (c - d)"),
        ("a + b in c", "(a + b) in c"),
        ("a - b - c", "(a - b) - c"),
        ("a + b * c", "a + (b * c)"),
        ("a / b * c % d", "((a / b) * c) % d"),
        ("-a * b", "(-a) * b"),
        ("!a == b", "(!a) == b"),
        ("not a && b", "(not a) && b"),
        ("-a.b[c].d", "-(a.b[c].d)"),
        ("!!a", "!(!(a))"),
        ("- -a", "-(-a)"),
        ("a--b", "a - (-b)"),
        # two spellings of one thing
        ("a === b !== c", "a == b != c"),
        ("a or b and not c", "a || b && !c"),
        ("null", "nil"),
        ("'it\\'s'", '"it\'s"'),
        ("\n a\t+\r\n b ", "a+b"),
        ("(a).b", "a.b"),
        ("((a))", "a"),
    ],
)
def test_both_texts_have_one_tree(text: str, same: str) -> None:
    assert parse(text) == parse(same)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("a && b && c", "(a && b) && c"),  # brackets make a condition of their own
        ("a.b", "a['b']"),
        ("a - (b - c)", "a - b - c"),
        ("a == b", "a != b"),
    ],
)
def test_the_texts_have_two_trees(text: str, other: str) -> None:
    assert parse(text) != parse(other)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("007", 7),
        ("1" + "0" * 38, 10**38),
        ("0.10", Decimal("0.10")),
        ("12345678901234567890.123456789012345678", Decimal("12345678901234567890.123456789012345678")),
        ("true", True),
        ("false", False),
        ("nil", None),
        ("''", ""),
        ("'a\"b'", 'a"b'),
        ('"a\'b"', "a'b"),
        (r"'\'\"\\\/\n\t\r'", "'\"\\/\n\t\r"),
        (r"'\u00e4\u20ac'", "ä€"),
        (r"'\ud83d\ude00'", "😀"),
        ("'ä 😀\n'", "ä 😀\n"),
        ("'(['", "(["),
    ],
)
def test_literals(text: str, value: Any) -> None:
    found = parse(text)
    assert repr(found) == repr(Constant(value))


@pytest.mark.parametrize("word", ["in", "not", "and", "or", "new", "true", "nil", "null", "len", "Date"])
def test_every_word_is_a_name_after_a_dot(word: str) -> None:
    assert parse(f"record.{word}.x") == Path(("record", word, "x"))


@pytest.mark.parametrize("name", ["inner", "notes", "android", "order", "newest", "truest", "nile", "_x", "größe"])
def test_words_only_begin_like_keywords(name: str) -> None:
    assert parse(f"{name} == {name}") == Comparison("==", Path((name,)), Path((name,)))


def test_a_date_is_made_by_a_function() -> None:
    assert parse("date(a)") == CALL_OF_DATE


def test_a_member_of_no_path() -> None:
    assert parse("date(a).b.c") == Member(Member(CALL_OF_DATE, "b"), "c")


def test_nodes_know_where_they_stand() -> None:
    tree = parse("a ==\n  len(b)")
    assert isinstance(tree, Comparison)
    assert (tree.position, tree.left.position) == (Position(1, 3), Position(1, 1))
    assert tree.right.position == Position(2, 3)
