"""What is refused when it is saved: the reason and the place, nothing of Python or the parser."""

from __future__ import annotations

import pytest

from libs.shared.expressions import ExpressionError, compile_expression


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the expression is empty (line 1, column 1)"),
        (" \n ", "the expression is empty (line 1, column 1)"),
        ("1 +", "the expression ends too early (line 1, column 4)"),
        ("a ?\n b", "the expression ends too early (line 2, column 3)"),
        ("(a", "the expression ends too early (line 1, column 3)"),
        ("a b", "unexpected 'b' (line 1, column 3)"),
        ("a\n  +\n  )", "unexpected ')' (line 3, column 3)"),
        ("a = b", "unexpected '=' (line 1, column 3)"),
        ("a & b", "unexpected '&' (line 1, column 3)"),
        ("a ** b", "unexpected '*' (line 1, column 4)"),
        ("a < b < c", "unexpected '<' (line 1, column 7)"),
        ("a in b in c", "unexpected 'in' (line 1, column 8)"),
        ("[a,]", "unexpected ']' (line 1, column 4)"),
        ("a.len(b)", "unexpected '(' (line 1, column 6)"),
        ("a.1", "unexpected '1' (line 1, column 3)"),
        ("1.", "the expression ends too early (line 1, column 3)"),
        ("in", "unexpected 'in' (line 1, column 1)"),
        ("{}", "unexpected '{' (line 1, column 1)"),
        ("a\x00", "unexpected character (line 1, column 2)"),
        ("a " + "x" * 30, "unexpected 'xxxxxxxxxxxxxxxxxxxx...' (line 1, column 3)"),
        ("1 == 'a", "the string is not closed (line 1, column 6)"),
        (r"a == '\d'", r"unknown escape \d, a backslash itself is written \\ (line 1, column 7)"),
        ("'a\nb\\q'", r"unknown escape \q, a backslash itself is written \\ (line 2, column 2)"),
        (r"'\ud800'", r"half a character, the other \u is missing (line 1, column 1)"),
        (r"'\u12'", r"unknown escape \u, a backslash itself is written \\ (line 1, column 2)"),
        ("1 + 1" + "0" * 38 + "1", "the number is too large (line 1, column 5)"),
        ("9" * 5000, "the number is too large (line 1, column 1)"),
        ("0." + "1" * 39, "the number has too many digits (line 1, column 1)"),
        ("1 + foo(2)", "there is no function foo (line 1, column 5)"),
        ("__import__('os')", "there is no function __import__ (line 1, column 1)"),
        ("x" * 50 + "()", "there is no function " + "x" * 40 + "... (line 1, column 1)"),
        ("1 + new Foo(a)", "nothing is made with 'new', date(...) makes a date (line 1, column 5)"),
        (
            "new Date(record.end_date) >= new Date(record.start_date)",
            "nothing is made with 'new', date(...) makes a date (line 1, column 1)",
        ),
        ("1 + len()", "len takes 1 argument, not 0 (line 1, column 5)"),
        ("now(1)", "now takes 0 arguments, not 1 (line 1, column 1)"),
        ("round(1, 2, 3)", "round takes 1 to 2 arguments, not 3 (line 1, column 1)"),
        ("coalesce()", "coalesce takes 1 or more arguments, not 0 (line 1, column 1)"),
        ("sum(a, b, c)", "sum takes 1 to 2 arguments, not 3 (line 1, column 1)"),
        ("matches(a, 'b(')", "invalid pattern, missing ): b( (line 1, column 12)"),
        ("matches(a, '(?=b)')", "invalid pattern, invalid perl operator: (?= (line 1, column 12)"),
        ("matches(a, '(' + 'b')", "invalid pattern, missing ): (b (line 1, column 16)"),
        (
            "false && matches(a, '*')",
            "invalid pattern, no argument for repetition operator: * (line 1, column 21)",
        ),
    ],
)
def test_mistake(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)
    assert str(caught.value) == message
    assert caught.value.reason in message
    assert f"line {caught.value.position.line}, column {caught.value.position.column}" in message
