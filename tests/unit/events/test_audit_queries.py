"""The query of the audit log: conditions, orders, cursors; and the lines of its exports."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from libs.shared import clock, exact
from libs.shared.errors import RocketError
from services.events.audit_export import COLUMNS, writer_of
from services.events.audit_queries import SORTS, audit_selection

ROW: dict[str, Any] = {
    **dict.fromkeys(name for name, _ in COLUMNS), "timestamp": "2026-11-30T10:00:00.5+00:00", "position": 7, "n": 2,
    "source": "data", "entity": "note", "new_data": {"text": "a,b"}, "changed_fields": ["text"], "user_email": "=cmd",
}  # fmt: skip


def test_filters_are_values_and_never_text() -> None:
    selection = audit_selection([("record_id", "5"), ("field", "x' or 1=1"), ("from", "2026-11-01")])
    assert selection.where == 'record_id = $1 AND jsonb_exists(changed_fields, $2) AND "timestamp" >= $3'
    assert selection.values[:2] == ("5", "x' or 1=1")
    assert selection.order == '"timestamp" DESC, position DESC, n DESC, source DESC' and selection.after is None


@pytest.mark.parametrize("sort", [*SORTS, *(f"-{name}" for name in SORTS)])
def test_a_cursor_continues_behind_a_row_in_every_order(sort: str) -> None:
    first = audit_selection([("sort", sort), ("cursor", ""), ("entity", "note")])
    assert first.after == "true"
    following = audit_selection([("sort", sort), ("cursor", first.cursor(ROW)), ("entity", "note")])
    own = [] if sort.lstrip("-") == "timestamp" else [ROW[sort.lstrip("-")] or ""]
    assert list(following.values) == ["note", *own, clock.parse(ROW["timestamp"]), 7, 2, "data"]
    assert following.after is not None and ("<" in following.after) == sort.startswith("-")
    assert following.after.count("$") == len(own) + 4 and "$2" in following.after


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ([("sort", "old_data")], "UNKNOWN_FIELD"),
        ([("from", "yesterday")], "INVALID_PAYLOAD"),
        ([("field", "a\x00b")], "INVALID_PAYLOAD"),
        ([("cursor", "x")], "INVALID_PAYLOAD"),
        ([("sort", "entity"), ("cursor", audit_selection([]).cursor(ROW))], "INVALID_PAYLOAD"),
    ],
)
def test_invalid_queries_are_refused(query: list[tuple[str, str]], code: str) -> None:
    with pytest.raises(RocketError) as refused:
        audit_selection(query)
    assert refused.value.code == code


def test_exports_hold_every_row_once_and_begin_no_formula() -> None:
    texts = {}
    for kind in ("json", "ndjson", "csv", "xlsx"):
        writer = writer_of(kind)
        texts[kind] = b"".join([writer.head(), writer.lines([ROW]), writer.lines([ROW, ROW]), writer.tail()])
    assert exact.loads(texts["json"])["data"] == [ROW] * 3
    assert [exact.loads(line) for line in texts["ndjson"].splitlines()] == [ROW] * 3
    lines = list(csv.DictReader(io.StringIO(texts["csv"].decode())))
    assert len(lines) == 3 and lines[0]["user_email"] == "'=cmd"
    assert exact.loads(lines[0]["new_data"]) == ROW["new_data"]
    assert len(exact.loads(texts["xlsx"].splitlines()[2])) == len(COLUMNS)
