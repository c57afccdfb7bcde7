"""CSV, TSV, NDJSON and JSON: what is found out about a file, its rows, and what can't be read."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared.contracts.imports import ImportOptions
from libs.shared.errors import RocketError
from services.gateway.imports.json_rows import CHUNK_BYTES
from services.gateway.imports.opening import Utf8Check, found_out, open_file
from services.gateway.imports.parsed_rows import MAX_ROW_BYTES

TEXT = st.text(st.characters(exclude_characters="\x00\r\n", codec="utf-8"), max_size=12)


def looked_at(body: bytes) -> Utf8Check:
    check = Utf8Check()
    for start in range(0, len(body), 7):
        check.look(body[start : start + 7])
    check.end()
    return check


def read(body: bytes, filename: str = "", kind: str = "", **options: Any) -> tuple[list[str], list[Any], ImportOptions]:
    """The columns and rows of a file, with the options that were found out."""
    found = found_out(ImportOptions(**options), filename, kind, looked_at(body))
    opened = open_file(io.BytesIO(body), found)
    return opened.columns, [tuple(row) for row in opened.rows], found


def refusal(body: bytes, *about: str, **options: Any) -> str:
    with pytest.raises(RocketError) as caught:
        read(body, *about, **options)
    assert caught.value.code == "VALIDATION_FAILED" and caught.value.details
    return caught.value.message


@given(
    st.lists(st.lists(TEXT, min_size=3, max_size=3).filter(any), min_size=1, max_size=30),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_spreadsheet_writes_is_read_back(rows: list[list[str]], delimiter: str, encoding: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([["one", "two", "three"], *rows])
    columns, found, options = read(text.getvalue().encode(encoding), delimiter=delimiter)
    assert columns == ["one", "two", "three"] and options.format == "csv"
    assert [[cell or "" for cell in row[1]] for row in found] == rows
    assert [row[0] for row in found] == list(range(2, len(rows) + 2))


@pytest.mark.parametrize(
    ("body", "delimiter", "encoding"),
    [
        (b"a;b\n1;2,5\n3;4,5\n", ";", "utf-8"), (b"a\tb\n1\t2\n", "\t", "utf-8"), (b"a|b\n1|2\n", "|", "utf-8"),
        (b"only\none\n", ",", "utf-8"), (b"sep=;\r\na;b\r\n1;2\r\n", ";", "utf-8"),
        ("\ufeffa,b\nä,2\n".encode(), ",", "utf-8"), ("a,b\nä,2\n".encode("cp1252"), ",", "windows-1252"),
        ("a,b\nä,2\n".encode("utf-16"), ",", "utf-16"), ("a,b\nä,2\n".encode("utf-16-le"), ",", "utf-16le"),
    ],
)  # fmt: skip
def test_delimiter_and_encoding_are_found_out(body: bytes, delimiter: str, encoding: str) -> None:
    columns, rows, options = read(body)
    assert (options.delimiter, options.encoding) == (delimiter, encoding)
    assert columns in (["a", "b"], ["only"]) and rows


def test_rows_keep_their_numbers_and_blank_ones_are_left_out() -> None:
    _, rows, _ = read(b'a,b\n1,2\n\n,\n"x\ny",3\n4\n5,6,\n7,8,9\n')
    assert rows[:4] == [(2, ["1", "2"], None), (5, ["x\ny", "3"], None), (6, ["4", None], None), (7, ["5", "6"], None)]
    assert rows[4] == (8, ["7", "8"], "has 3 cells, but there are 2 columns")
    columns, rows, _ = read(b"1,2\n3,4\n", header=False)
    assert columns == ["1", "2"] and [row[1] for row in rows] == [["1", "2"], ["3", "4"]]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\n\n", "names no columns"), (b"a,,b\n1,2,3\n", "no name in column 2"),
        (b"a,b,a\n", "two columns a: 1 and 3"),
        (b'a,b\n1,"2\n3,4\n', "a quote is not closed"), (b'a\n"x"y\n', "must be doubled"),
        (b"a,b\n1,\x002\n", "NUL"), (b"PK\x03\x04 and so on", "no .xlsx workbook, or it is damaged"),
        (b"\xd0\xcf\x11\xe0\x00", "Excel 97"), (b"a\n" + b"x" * (MAX_ROW_BYTES + 10), "longer than"),
        (b'a\n"' + b"x\n" * MAX_ROW_BYTES, "or a quote is not closed"),
    ],
    ids=lambda value: repr(value[:20]),
)  # fmt: skip
def test_what_is_no_table_is_refused(body: bytes, message: str) -> None:
    assert message in refusal(body)


def test_options_that_do_not_fit_are_refused() -> None:
    assert "delimiter" in refusal(b"a\n1\n", delimiter="ab") and "encoding" in refusal(b"a\n1\n", encoding="klingon")
    assert "no meaning" in refusal(b"[]", "x.json", delimiter=";") and "sheet" in refusal(b"a\n1\n", sheet="x")
    assert "UTF-8" in refusal("ä".encode("cp1252"), "x.json") and "UTF-8" in refusal(b"a\n\xff\n", encoding="utf-8")
    assert "workbook or an archive" in refusal(b"PK\x03\x04", format="csv")
    assert "not valid ascii" in refusal("a\nä\n".encode(), encoding="ascii")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | TEXT | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", 'c"]', "}{"]), VALUES, min_size=1), min_size=1, max_size=20))
def test_json_and_ndjson_bring_the_same_objects(rows: list[dict[str, Any]]) -> None:
    forms = [json.dumps(rows), json.dumps({"data": rows}, indent=1), json.dumps(rows, ensure_ascii=False)]
    for text in forms:
        columns, found, options = read(text.encode(), "a.json")
        assert [row[1] for row in found] == rows and options.format == "json"
        assert columns == list(dict.fromkeys(name for row in rows for name in row))
    lines = "\n\n".join(map(json.dumps, rows))
    _, found, _ = read(lines.encode(), kind="application/x-ndjson")
    assert [row[1] for row in found] == rows and [row[0] for row in found] == list(range(1, 2 * len(rows), 2))


def test_long_json_is_read_across_chunks() -> None:
    rows = [{"a": "x" * 900, "n": n, "quote": '"\\"]}'} for n in range(3 * CHUNK_BYTES // 900)]
    assert [row[1] for row in read(json.dumps(rows).encode())[1]] == rows
    assert [row[1] for row in read("\n".join(map(json.dumps, rows)).encode())[1]] == rows


def test_a_bad_line_is_a_bad_row_and_a_bad_array_is_a_bad_file() -> None:
    _, rows, _ = read(b'{"a": 1}\n{"a": }\n[1]\n{"a": 1, "a": 2}\n{"a": 3}', kind="application/x-ndjson")
    assert [row[0] for row in rows] == [1, 2, 3, 4, 5]
    assert [bool(row[2]) for row in rows] == [False, True, True, True, False]
    assert "no JSON object" in refusal(b'[{"a": 1}, 2]')
    assert "ends within row 2" in refusal(b'[{"a": 1}, {"a": ') and "middle of the array" in refusal(b'[{"a": 1},')
    assert "no JSON array" in refusal(b'{"rows": []}', "x.json") and "no rows" in refusal(b"[]")
    assert "longer than" in refusal(b'[{"a": "' + b"x" * (2 * MAX_ROW_BYTES), "x.json")
