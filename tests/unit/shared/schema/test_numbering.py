"""Formats of numbered fields."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from libs.shared.schema.numbering import CannotBeNumbered, parse_format

NOW = datetime(2026, 3, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "number", "rendered"),
    [
        ("PO-{year}-{n:05}", 7, "PO-2026-00007"),
        ("{n}", 12, "12"),
        ("{n:02}", 123, "123"),
        ("{field:region}/{month}{day}/{n}x", 1, "north/0309/1x"),
        ("Nº {n:018}", 5, "Nº 000000000000000005"),
        ("{field:size}.{n}", 2, "3.2"),
    ],
)
def test_numbers_are_rendered(text: str, number: int, rendered: str) -> None:
    form = parse_format(text)
    assert form.render(form.around(NOW, {"region": "north", "size": 3}), number) == rendered


def test_numbers_with_the_same_text_around_them_count_together() -> None:
    form = parse_format("{field:region}-{year}-{n}")
    assert form.fields == ["region"]
    assert form.around(NOW, {"region": "a"}) == form.around(NOW.replace(month=12), {"region": "a"}) == ("a-2026-", "")
    assert form.around(NOW, {"region": "a"}) != form.around(NOW.replace(year=2027), {"region": "a"})


@pytest.mark.parametrize("values", [{}, {"region": None}, {"region": ""}, {"region": "x" * 61}])
def test_records_without_a_value_that_fits_get_no_number(values: dict[str, object]) -> None:
    with pytest.raises(CannotBeNumbered, match="region"):
        parse_format("{field:region}-{n}").around(NOW, values)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "1 to 100"), ("x" * 101, "1 to 100"), ("PO", "no {n}"), ("a{n}{year}{n}", "character 11"),
        ("a{yeer}{n}", r"character 2: .*do you mean `year`"), ("{n:5}", "character 1"), ("{n:00}", "character 1"),
        ("{n:019}", "character 1"), ("{n:}", "character 1"), ("ab{n", "character 3"), ("n}{n}", "character 2"),
        ("{field:}{n}", "character 1"), ("a\n{n}", "character 2"), ("{n}{field:a}", "between"),
        ("{field:a}{n}", "between"), ("{{n}}", "character 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_format_is_told_with_its_position(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_format(text)
