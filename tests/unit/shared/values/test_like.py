"""LIKE in process: what it means, and that its work grows only linearly with the text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared import like
from libs.shared.like import Like, Segment

CASES = [
    ("", "", True), ("", "a", False), ("%", "", True), ("%", "a\nb", True), ("_", "\n", True), ("_", "", False),
    ("a%", "abc", True), ("%c", "abc", True), ("%b%", "abc", True), ("a%a", "a", False), ("a%a", "aa", True),
    ("ab%bc", "abc", False), ("%a%b%c%", "xaxbxc", True), ("%a%b%c%", "xaxcxb", False), ("_%_", "a", False),
    ("%_a", "a", False), ("%a_c%", "abaac", True), ("%a__%", "xa1", False), (r"\%", "%", True), (r"\%", "a", False),
    (r"a\_b", "a_b", True), (r"a\_b", "axb", False), (r"\a", "a", True), (r"\\", "\\", True), ("é_", "é😀", True),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "text", "expected"), CASES)
def test_patterns_match_like_sql(pattern: str, text: str, expected: bool) -> None:
    assert Like(pattern).matches(text) is expected


def as_regular_expression(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    return re.compile("".join({"%": ".*", "_": "."}.get(p) or re.escape(p[-1]) for p in parts), re.DOTALL)


@given(st.text("ab%_\\", max_size=12), st.text("ab", max_size=20))
def test_like_agrees_with_a_regular_expression(pattern: str, text: str) -> None:
    assert Like(pattern).matches(text) is (as_regular_expression(pattern).fullmatch(text) is not None)


@given(st.text("ab_", min_size=1, max_size=12), st.text("ab", max_size=40))
def test_both_ways_to_find_a_segment_find_the_same(pattern: str, text: str) -> None:
    segment = Segment([None if character == "_" else character for character in pattern])
    assert segment.find(text, 0, len(text)) == segment._scan(text, 0, len(text))


def test_a_segment_is_tried_at_few_places_only(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = 0
    fits = Segment.fits

    def counted(segment: Segment, text: str, at: int) -> bool:
        nonlocal tried
        tried += 1
        return fits(segment, text, at)

    monkeypatch.setattr(Segment, "fits", counted)
    assert not Like("%" + "a_" * 50 + "b%").matches("a" * 20_000)
    assert tried <= like.MAX_MISSES + 2


def test_many_wildcards_on_a_long_text_are_fast() -> None:
    """The regular expression that LIKE was made into takes hours for this."""
    assert not Like("%a%b%c%d%").matches("abc" * 200_000)
