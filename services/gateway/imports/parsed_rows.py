"""A row of a file, and the limits that every reader keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from libs.shared.contracts.imports import MAX_COLUMN_CHARACTERS, MAX_COLUMNS
from libs.shared.errors import Detail, RocketError, invalid

MAX_ROW_BYTES = 2 * 1024 * 1024
"""Bytes, or characters, of a row; a longer one is no row, but a quote that was never closed, or no text at all."""
MAX_CELL_CHARACTERS = 1_000_000
HEAD_BYTES = 64 * 1024
"""The beginning of a file, by which delimiter and format are found out."""
SAMPLE_ROWS = 20
"""Rows that a preview shows."""


class ParsedRow(NamedTuple):
    """A row: its number as the file counts it, and a list of cells in the order of the columns, or an object.

    A row with a `problem` can't be imported; the rows behind it can be read.
    """

    number: int
    cells: Any
    problem: str | None = None


class FileReader(Protocol):
    """The bytes of a file, read by one thread at a time."""

    def read(self, size: int, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def tell(self) -> int: ...


@dataclass(slots=True)
class OpenedFile:
    """The columns of a file, and its rows, which are read as they are taken."""

    columns: list[str]
    rows: Iterator[ParsedRow]


def unreadable(message: str) -> RocketError:
    """422: the file can't be read, at a place that the message names."""
    return invalid(message, {"field": "file", "rule": "format", "message": message})


def checked_columns(names: list[str]) -> list[str]:
    """The names of columns. Raises VALIDATION_FAILED for repeated, missing and too many or too long ones."""
    while names and not names[-1]:
        names.pop()
    if not names:
        raise unreadable("The first row names no columns")
    if len(names) > MAX_COLUMNS:
        raise unreadable(f"The file has more than {MAX_COLUMNS} columns")
    problems: list[Detail] = []
    for place, name in enumerate(names, 1):
        if not name:
            problems.append({"field": "file", "rule": "header", "message": f"has no name in column {place}"})
        elif len(name) > MAX_COLUMN_CHARACTERS or "\x00" in name:
            message = f"names column {place} with more than {MAX_COLUMN_CHARACTERS} characters, or with NUL"
            problems.append({"field": "file", "rule": "header", "message": message})
        elif names.index(name) != place - 1:
            message = f"has two columns {name}: {names.index(name) + 1} and {place}"
            problems.append({"field": "file", "rule": "header", "message": message})
    if problems:
        raise invalid(f"The first row {problems[0]['message']}", *problems)
    return names


def fitted(number: int, cells: list[Any], width: int) -> ParsedRow | None:
    """A row with as many cells as there are columns; None for an empty one."""
    while cells and cells[-1] in (None, ""):
        cells.pop()
    if not cells:
        return None
    if len(cells) > width:
        return ParsedRow(number, cells[:width], f"has {len(cells)} cells, but there are {width} columns")
    return ParsedRow(number, cells + [None] * (width - len(cells)))
