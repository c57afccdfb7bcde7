"""Workbooks: cells of all types, sheets, and archives that are no workbooks or mean harm."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter

from libs.shared.contracts.imports import ImportOptions
from libs.shared.errors import RocketError
from services.gateway.imports.sheet_rows import number_of
from services.gateway.imports.workbooks import open_workbook, shown_by


def workbook(rows: list[list[Any]], **settings: Any) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, **settings})
    sheet = book.add_worksheet("First")
    formats = {datetime: book.add_format({"num_format": "dd.mm.yyyy hh:mm"}), date: book.add_format({"num_format": 14})}
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if type(cell) in formats:
                sheet.write_datetime(row, column, cell, formats[type(cell)])
            elif isinstance(cell, str) and not cell.startswith("="):
                sheet.write_string(row, column, cell)
            else:
                sheet.write(row, column, cell)
    book.add_worksheet("Second").write_row(0, 0, ["x"])
    book.close()
    return file.getvalue()


def read(body: bytes, **options: Any) -> tuple[list[str], list[Any]]:
    opened = open_workbook(io.BytesIO(body), ImportOptions(format="xlsx", **options))
    return opened.columns, [tuple(row) for row in opened.rows]


def changed(body: bytes, **parts: bytes | None) -> bytes:
    """The workbook with parts replaced, or left out; `__` stands for a slash, `_` for a point."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = parts.get(name.replace("/", "__").replace(".", "_"), old.read(name))
            if content is not None:
                new.writestr(name, content)
    return file.getvalue()


CELLS = ["text", 7, 1.1, 0.1 + 0.2, True, date(2026, 2, 28), datetime(2026, 2, 28, 13, 30), "=1+1", " ä\n😀", ""]  # noqa: DTZ001


@pytest.mark.parametrize("settings", [{}, {"date_1904": True}, {"constant_memory": True}])
def test_cells_become_what_they_show(settings: dict[str, Any]) -> None:
    header = [f"c{n}" for n in range(len(CELLS))]
    columns, rows = read(workbook([[], header, CELLS, [], ["next", None, 5]], **settings))
    assert columns == header
    shown = ["text", 7, Decimal("1.1"), Decimal("0.3"), True, "2026-02-28", "2026-02-28T13:30:00", 0, " ä\n😀", None]
    assert rows == [(3, shown, None), (5, ["next", None, 5, *[None] * 7], None)]


def test_sheets_are_chosen_by_name_and_rows_may_have_no_header() -> None:
    body = workbook([["a"], ["b"]])
    assert read(body, header=False) == (["1"], [(1, ["a"], None), (2, ["b"], None)])
    assert read(body, sheet="Second") == (["x"], [])
    with pytest.raises(RocketError, match="no sheet Third; it has First, Second"):
        read(body, sheet="Third")


def test_numbers_have_the_digits_that_programs_show() -> None:
    assert number_of(1.1000000000000001, "") == Decimal("1.1") and number_of(5.0, "") == 5
    assert number_of(1e300, "1e300") == Decimal("1e300") and number_of(float("inf"), "x") == "x"
    _, rows = read(workbook([["n"], [2**53], [123456789012345], [1e-7]]))
    assert [row[1][0] for row in rows] == [9007199254740992, 123456789012345, Decimal("1e-7")]


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("yyyy-mm-dd", "date"), ("[$-407]d. mmm yyyy", "date"), ("h:mm", "time"), ("[h]:mm:ss", "time"),
        ('0.00 "days"', ""), ("#,##0.00", ""), ("General", ""), ("[Red]0", ""), ("0\\d", ""),
    ],
)  # fmt: skip
def test_formats_tell_dates_from_numbers(code: str, shown: str) -> None:
    assert shown_by(200, code) == shown


WIDE = b'<worksheet><row><c r="ZZZ1"><v>1</v></c></row></worksheet>'
SHEET = "xl__worksheets__sheet1_xml"
BOMB = b"<worksheet><sheetData>" + b" " * (64 * 1024 * 1024) + b"</sheetData></worksheet>"
ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><worksheet><row><c><v>&b;</v></c></row></worksheet>'
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"PK\x03\x04 not really", "no .xlsx workbook"),
        (changed(workbook([["a"]]), xl__workbook_xml=None), "no .xlsx workbook"),
        (changed(workbook([["a"]]), **{SHEET: None}), "is not in the workbook"),
        (changed(workbook([["a"]]), **{SHEET: b"<worksheet><row>"}), "damaged in xl/worksheets/sheet1.xml"),
        (changed(workbook([["a"]]), **{SHEET: BOMB}), "much larger than it says"),
        (changed(workbook([["a"]]), **{SHEET: ENTITIES}), "document type"),
        (changed(workbook([["a"]]), xl__sharedStrings_xml=b"<sst></sst>"), "refers to the text 0"),
        (changed(workbook([["a"]]), **{SHEET: WIDE}), "columns"),
        (workbook([]), "sheet is empty"), (workbook([["a", "a"]]), "two columns a"),
        (workbook([["a"]])[:-200], "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_archives_that_are_no_workbooks_are_refused(body: bytes, message: str) -> None:
    with pytest.raises(RocketError) as caught:
        read(body)
    assert message in caught.value.message and caught.value.code == "VALIDATION_FAILED"
