"""Writes a workbook row by row into a temporary file: memory holds a row at a time. Every method blocks."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from libs.shared import exact
from libs.shared.errors import RocketError

MAX_ROWS = 1_048_576
"""Rows of a sheet, the one with the names of the columns included."""
MAX_CELL_CHARACTERS = 32_767
CUT = "… [cut: a cell holds 32,767 characters]"
EXACT_DIGITS = 15
"""Digits of a number that spreadsheets keep; a number with more is written as text."""
FIRST_DAY = date(1900, 3, 1)
"""Spreadsheets count the days before in two ways, so such dates are text."""
OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
FORMATS = {"date": "yyyy-mm-dd", "timestamp": "yyyy-mm-dd hh:mm:ss"}


class WorkbookWriter:
    """A workbook of one sheet with typed columns. Text is written as text, so it never becomes a formula."""

    def __init__(self, title: str, columns: Sequence[tuple[str, str]]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="rocket-export-")
        self.path = Path(self._folder.name) / "export.xlsx"
        self._book = xlsxwriter.Workbook(str(self.path), {**OPTIONS, "tmpdir": self._folder.name})
        self._sheet = self._book.add_worksheet(_sheet_name(title))
        self._sheet.freeze_panes(1, 0)
        self._formats = {kind: self._book.add_format({"num_format": code}) for kind, code in FORMATS.items()}
        self._kinds = [kind for _, kind in columns]
        self._row = 0
        for column, (_, kind) in enumerate(columns):
            self._sheet.set_column(column, column, 20 if kind in FORMATS else 15)
        bold = self._book.add_format({"bold": True})
        for column, (name, _) in enumerate(columns):
            self._sheet.write_string(0, column, name, bold)

    def write(self, lines: Sequence[bytes]) -> None:
        """Write rows, each a JSON array. Raises PAYLOAD_TOO_LARGE for more than a sheet can hold."""
        for line in lines:
            self._row += 1
            if self._row >= MAX_ROWS:
                message = f"A sheet holds {MAX_ROWS - 1} records: choose fewer by filters, or export as CSV"
                raise RocketError("PAYLOAD_TOO_LARGE", message)
            for column, value in enumerate(exact.loads(line)):
                if value is not None:
                    self._write(column, self._kinds[column], value)

    def close(self) -> int:
        """Complete the file; returns its size in bytes."""
        self._book.close()
        return self.path.stat().st_size

    def remove(self) -> None:
        """Remove the file, complete or not."""
        self._book.fileclosed = True
        self._folder.cleanup()

    def _write(self, column: int, kind: str, value: Any) -> None:
        if isinstance(value, bool):
            self._sheet.write_boolean(self._row, column, value)
        elif isinstance(value, int | float | Decimal):
            if kind == "float" or fits_a_double(value):
                self._sheet.write_number(self._row, column, float(value))
            else:
                self._sheet.write_string(self._row, column, format(Decimal(value), "f"))
        elif kind in FORMATS and (moment := moment_of(kind, value)) is not None:
            self._sheet.write_datetime(self._row, column, moment, self._formats[kind])
        else:
            text = str(value)
            if len(text) > MAX_CELL_CHARACTERS:
                text = text[: MAX_CELL_CHARACTERS - len(CUT)] + CUT
            self._sheet.write_string(self._row, column, text)


def fits_a_double(value: int | float | Decimal) -> bool:
    """Whether a spreadsheet shows this number with all its digits."""
    number = Decimal(value)
    digits = number.normalize().as_tuple()
    return len(digits.digits) <= EXACT_DIGITS and abs(number.adjusted()) < 300


def moment_of(kind: str, text: str) -> datetime | None:
    """The date or time (in UTC) that a cell can hold, or None."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment if moment.date() >= FIRST_DAY else None


def _sheet_name(title: str) -> str:
    """Names of sheets have at most 31 characters; `History` is reserved."""
    name = title[:31]
    return f"{name}_" if name.lower() == "history" else name
