"""Rows of CSV and TSV, as RFC 4180 has them, in any encoding and with any delimiter."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

from libs.shared.contracts.imports import ImportOptions
from services.gateway.imports.parsed_rows import (
    MAX_CELL_CHARACTERS,
    MAX_ROW_BYTES,
    FileReader,
    OpenedFile,
    ParsedRow,
    checked_columns,
    fitted,
    unreadable,
)

DELIMITERS = (",", ";", "\t", "|")
"""Delimiters that are looked for, the likeliest first."""
HINT = "sep="
"""How the first line of files for Excel may name the delimiter."""
MAX_GUESSED_ROWS = 50


class _RawBytes(io.RawIOBase):
    """A reader of stored bytes, as Python's own text layer takes it."""

    def __init__(self, file: FileReader) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = bytes(self._file.read(len(buffer)))
        buffer[: len(found)] = found
        return len(found)


class _Lines:
    """The lines of a text, none longer than a row may be. `number` counts rows for messages."""

    def __init__(self, file: FileReader, encoding: str) -> None:
        self._text = io.TextIOWrapper(io.BufferedReader(_RawBytes(file), 256 * 1024), encoding=encoding, newline="")
        self._encoding = encoding
        self._taken = 0
        self.row = 1

    def begin_row(self) -> None:
        self.row += 1
        self._taken = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._read():
            self._taken += len(line)
            if self._taken > MAX_ROW_BYTES:
                raise unreadable(f"Row {self.row} is longer than {MAX_ROW_BYTES} characters: is a quote not closed?")
            yield line

    def _read(self) -> str:
        try:
            line = self._text.readline(MAX_ROW_BYTES + 1)
        except (UnicodeError, ValueError):
            raise unreadable(f"Row {self.row}, or one behind it, is not valid {self._encoding}") from None
        if "\x00" in line:
            raise unreadable(f"Row {self.row} holds the character NUL: this is no text in {self._encoding}")
        return line


def open_delimited(file: FileReader, options: ImportOptions) -> OpenedFile:
    """The columns and rows of a file. Raises VALIDATION_FAILED for what can't be read, also while rows are taken."""
    assert options.encoding is not None and options.delimiter is not None, "found out before"
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    lines = _Lines(file, options.encoding)
    records = _records(lines, options.delimiter)
    first = next(records, None)
    if first is not None and len(first) <= 2 and "".join(first).replace(" ", "").lower().startswith(HINT):
        first = next(records, None)
    if first is None:
        raise unreadable("The file is empty")
    if options.header:
        columns = checked_columns([name.strip() for name in first])
        return OpenedFile(columns, _rows(lines, records, len(columns)))
    columns = [str(place) for place in range(1, len(first) + 1)]
    return OpenedFile(columns, _rows(lines, records, len(columns), first))


def _records(lines: _Lines, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(iter(lines), delimiter=delimiter, strict=True)
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            raise unreadable(f"Row {lines.row} can't be read: {_in_words(problem)}") from None
        yield record
        lines.begin_row()


def _rows(
    lines: _Lines, records: Iterator[list[str]], width: int, first: list[str] | None = None
) -> Iterator[ParsedRow]:
    if first is not None and (row := fitted(1, list[Any](first), width)):
        yield row
    for record in records:
        row = fitted(lines.row, list[Any](record), width)
        if row is not None:
            yield row


def _in_words(problem: csv.Error) -> str:
    text = str(problem)
    if "unexpected end of data" in text:
        return "a quote is not closed"
    if "expected after" in text:
        return "a quote within a cell must be doubled"
    if "field larger" in text:
        return f"a cell has more than {MAX_CELL_CHARACTERS} characters, or a quote is not closed"
    return text


def guess_delimiter(head: str) -> str:
    """The delimiter that gives the first rows most columns, and as many in each."""
    hint = head.lstrip("\ufeff").split("\n", 1)[0].strip()
    if hint.lower().startswith(HINT) and len(hint) == len(HINT) + 1:
        return hint[-1]
    return max(DELIMITERS, key=_fitness(head))


def _fitness(head: str) -> Callable[[str], tuple[float, int]]:
    # The last line may be cut off.
    lines = head.splitlines(keepends=True)
    whole = lines[:-1] if len(lines) > 1 else lines

    def rate(delimiter: str) -> tuple[float, int]:
        widths: list[int] = []
        try:
            for record in csv.reader(whole, delimiter=delimiter):
                if any(record):
                    widths.append(len(record))
                if len(widths) == MAX_GUESSED_ROWS:
                    break
        except csv.Error:
            return (0.0, 0)
        if not widths or widths[0] == 1:
            return (0.0, 0)
        return (sum(width == widths[0] for width in widths) / len(widths), widths[0])

    return rate
