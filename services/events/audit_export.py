"""The audit log as lines of a file: json, ndjson, csv, and rows of cells for a workbook. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from libs.shared import exact

Row = Mapping[str, Any]
CONTENT_TYPES: Mapping[str, str] = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8; header=present",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Format → content type. For xlsx the lines are JSON arrays, of which the gateway makes the workbook."""
COLUMNS = (
    ("timestamp", "timestamp"), ("source", "text"), ("entity", "text"), ("record_id", "text"), ("action", "text"),
    ("changed_fields", "text"), ("old_data", "text"), ("new_data", "text"), ("user_id", "text"),
    ("user_email", "text"), ("on_behalf_of", "text"), ("cause", "text"), ("ip_address", "text"), ("trace_id", "text"),
    ("id", "text"), ("position", "bigint"), ("n", "int"), ("version", "bigint"),
)  # fmt: skip
"""The cells of a row with their types."""
FORMULA = tuple("=+@\t\r\n＝＋－＠-")
"""What a spreadsheet takes for the beginning of a formula; behind an apostrophe it shows the text."""


class Writer:
    """Makes the lines of one format; `between` separates rows, also those of different calls."""

    def __init__(
        self, line: Callable[[Row], bytes], head: bytes = b"", tail: bytes = b"", between: bytes = b""
    ) -> None:
        self._line, self._head, self._tail, self._between = line, head, tail, between
        self._is_first = True

    def head(self) -> bytes:
        """What precedes the rows."""
        return self._head

    def lines(self, rows: Sequence[Row]) -> bytes:
        """Some rows."""
        text = self._between.join(map(self._line, rows))
        text = text if self._is_first else self._between + text
        self._is_first = False
        return text

    def tail(self) -> bytes:
        """What follows the rows."""
        return self._tail


def writer_of(kind: str) -> Writer:
    """The writer of a format."""
    match kind:
        case "json":
            return Writer(exact.dumps, b'{"data":[', b"]}", b",\n")
        case "ndjson":
            return Writer(lambda row: exact.dumps(row) + b"\n")
        case "xlsx":
            return Writer(lambda row: exact.dumps([_cell(row[name]) for name, _ in COLUMNS]) + b"\n")
    return Writer(_csv_line, ",".join(name for name, _ in COLUMNS).encode() + b"\r\n")


def _csv_line(row: Row) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([_safe(_cell(row[name])) for name, _ in COLUMNS])
    return buffer.getvalue().encode()


def _cell(value: Any) -> Any:
    """Numbers as they are, documents as JSON."""
    return exact.dumps(value).decode() if isinstance(value, dict | list) else value


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
