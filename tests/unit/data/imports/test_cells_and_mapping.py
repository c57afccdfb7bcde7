"""Cells by the type of their field, and names of columns."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared.contracts.imports import ImportOptions
from libs.shared.schema import FieldDefinition, parse_value
from services.data.imports.cells import is_empty, read_cell
from services.data.imports.mapping import FieldNames


def cell(kind: str, value: Any, **options: Any) -> Any:
    return read_cell(FieldDefinition(name="x", type=kind), value, ImportOptions(**{"format": "csv", **options}))


@given(st.decimals(-(10**12), 10**12, places=2, allow_nan=False))
def test_grouped_numbers_of_both_kinds_are_read(number: Decimal) -> None:
    english = f"{number:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert Decimal(cell("decimal", english)) == number == Decimal(cell("decimal", german, decimal=","))
    assert Decimal(cell("decimal", str(number))) == number


@given(st.dates(date(1000, 1, 1)))
def test_dates_are_read_in_every_order(day: date) -> None:
    field = FieldDefinition(name="x", type="date")
    forms = {"dmy": f"{day.day}.{day.month:02}.{day.year:04}", "mdy": f"{day.month}/{day.day}/{day.year:04}"}
    for order, text in forms.items():
        assert parse_value(field, cell("date", text, dates=order)) == day
        assert parse_value(field, cell("date", f"{day.isoformat()} 00:00:00", dates=order)) == day
    assert parse_value(field, cell("date", day.isoformat())) == day


@pytest.mark.parametrize(
    ("kind", "value", "options", "expected"),
    [
        ("string", "'=1+1", {}, "=1+1"), ("string", "'+49 30", {}, "+49 30"), ("string", "it's", {}, "it's"),
        ("string", "'=1+1", {"format": "json"}, "'=1+1"), ("string", 12, {"format": "xlsx"}, "12"),
        ("string", Decimal("1.50"), {"format": "xlsx"}, "1.50"), ("string", True, {"format": "xlsx"}, "true"),
        ("int", " 1,234 ", {}, "1234"), ("int", "12a", {}, "12a"), ("int", "'-5", {}, "-5"),
        ("decimal", "1,5", {}, "1,5"),
        ("decimal", "1\u202f234,5", {"decimal": ","}, "1234.5"), ("decimal", "1.5", {"decimal": ","}, "1.5"),
        ("boolean", "Yes", {}, True), ("boolean", " nein ", {}, False), ("boolean", "0", {}, False),
        ("boolean", "maybe", {}, "maybe"), ("boolean", 1, {"format": "xlsx"}, True), ("boolean", 2, {}, 2),
        ("timestamp", "31.12.2026 9:05", {"dates": "dmy"}, "2026-12-31T09:05"),
        ("timestamp", "2026-07-01T12:00:00", {"timezone": "Europe/Berlin"}, "2026-07-01T12:00:00+02:00"),
        ("timestamp", "2026-07-01T12:00:00Z", {"timezone": "Europe/Berlin"}, "2026-07-01T12:00:00Z"),
        ("json", '{"a": [1.10]}', {}, {"a": [Decimal("1.10")]}), ("json", "{a}", {}, "{a}"),
        ("uuid", " 0190B6C0-0000-7000-8000-000000000000 ", {}, "0190B6C0-0000-7000-8000-000000000000"),
    ],
)  # fmt: skip
def test_cells_are_read_by_the_type_of_their_field(kind: str, value: Any, options: Any, expected: Any) -> None:
    found = cell(kind, value, **options)
    assert found == expected and type(found) is type(expected)


def test_blanks_are_empty_except_in_texts() -> None:
    assert is_empty(FieldDefinition(name="x", type="int"), "  ") and is_empty(
        FieldDefinition(name="x", type="text"), ""
    )
    assert not is_empty(FieldDefinition(name="x", type="text"), "  ")


def test_names_are_the_same_whatever_case_and_blanks() -> None:
    known = FieldNames({name: FieldDefinition(name=name, type="string") for name in ("first_name", "a_b", "ab", "zip")})
    assert known.find("First Name") == known.find("FIRST-name") == "first_name"
    assert (known.find("ab"), known.find("A B"), known.find("")) == ("ab", None, None)
    assert known.likeliest("Firstname.")[1] == "first_name"
