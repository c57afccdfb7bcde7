"""The rows of a sheet: cells become texts, numbers, booleans, and dates as ISO 8601 has them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.parsers import expat

from services.gateway.imports.parsed_rows import MAX_CELL_CHARACTERS, unreadable
from services.gateway.imports.shared_strings import SharedStrings

MAX_CELLS = 16_384
"""Columns of a sheet."""
PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})\Z", re.ASCII)
WHOLE = re.compile(r"-?\d{1,17}\Z", re.ASCII)
EPOCH_1900, EPOCH_1904 = datetime.fromisoformat("1899-12-30"), datetime.fromisoformat("1904-01-01")
LAST_DAY = 2_958_466
"""Days up to the end of the year 9999."""
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
"""How a workbook writes characters that XML has not."""


class SheetRows:
    """Reads one sheet. `date_styles` says which styles show dates, and whether with a time."""

    def __init__(self, strings: SharedStrings, date_styles: dict[int, bool], starts_1904: bool) -> None:
        self._strings = strings
        self._date_styles = date_styles
        self._epoch = EPOCH_1904 if starts_1904 else EPOCH_1900
        self._done: deque[tuple[int, list[Any]]] = deque()
        self._number = 0
        self._cells: list[Any] = []
        self._kind, self._style, self._column = "n", 0, 0
        self._text: list[str] = []
        self._length = 0
        self._takes = False

    def rows(self, feed: Callable[[Any], Iterator[None]]) -> Iterator[tuple[int, list[Any]]]:
        """The number of each row that is there, with its cells."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._data
        for _ in feed(parser):
            while self._done:
                yield self._done.popleft()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(":")[2]:
            case "row":
                said = attributes.get("r", "")
                self._number = int(said) if said.isascii() and said.isdigit() and len(said) < 8 else self._number + 1
                self._cells = []
            case "c":
                self._begin_cell(attributes)
            case "v" | "t":
                self._takes = True

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        place = PLACE.match(attributes.get("r", ""))
        self._column = _column(place[1]) if place else len(self._cells)
        if self._column >= MAX_CELLS:
            raise unreadable(f"Row {self._number} has more than {MAX_CELLS} columns")
        self._kind = attributes.get("t", "n")
        style = attributes.get("s", "")
        self._style = int(style) if style.isascii() and style.isdigit() and len(style) < 8 else 0
        self._text.clear()
        self._length = 0

    def _data(self, data: str) -> None:
        if self._takes:
            self._length += len(data)
            if self._length > MAX_CELL_CHARACTERS:
                raise unreadable(f"A cell of row {self._number} has more than {MAX_CELL_CHARACTERS} characters")
            self._text.append(data)

    def _end(self, tag: str) -> None:
        match tag.rpartition(":")[2]:
            case "v" | "t":
                self._takes = False
            case "c" if self._text:
                cells = self._cells
                if self._column >= len(cells):
                    cells.extend([None] * (self._column + 1 - len(cells)))
                cells[self._column] = self._value("".join(self._text))
            case "row":
                self._done.append((self._number, self._cells))

    def _value(self, text: str) -> Any:
        match self._kind:
            case "s":
                number = text.strip()
                return _unescaped(self._strings.get(int(number) if number.isascii() and number.isdigit() else -1))
            case "b":
                return text.strip() == "1"
            case "str" | "inlineStr":
                return _unescaped(text)
            case "e" | "d":
                return text
        return self._of_number(text.strip())

    def _of_number(self, text: str) -> Any:
        if WHOLE.match(text) and self._style not in self._date_styles:
            return int(text)
        try:
            number = float(text)
        except ValueError:
            return text
        if self._style in self._date_styles and 0 <= number < LAST_DAY:
            return self._moment(number, self._date_styles[self._style])
        return number_of(number, text)

    def _moment(self, days: float, with_time: bool) -> str:
        # Excel believes in a 29 February 1900, so its first two months are a day behind.
        shift = 1 if self._epoch is EPOCH_1900 and days < 60 else 0
        moment = self._epoch + timedelta(days=int(days) + shift, seconds=round((days - int(days)) * 86_400))
        if days < 1 and with_time:
            return moment.time().isoformat()
        return moment.isoformat() if with_time or moment.time() != datetime.min.time() else moment.date().isoformat()


def number_of(number: float, text: str) -> Any:
    """A number of a workbook: 15 digits, as its programs show them; 1.1 is stored as 1.1000000000000001."""
    try:
        shown = Decimal(f"{number:.15g}")
    except (InvalidOperation, ValueError):
        return text
    if not shown.is_finite():
        return text
    return int(shown) if shown == shown.to_integral_value() and abs(shown) < 10**18 else shown


def _column(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _unescaped(text: str) -> str:
    return ESCAPED.sub(_character, text) if "_x" in text else text


def _character(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return found[0] if 0xD800 <= code <= 0xDFFF else chr(code)
