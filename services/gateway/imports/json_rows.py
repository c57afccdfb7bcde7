"""Rows of NDJSON (an object per line), and of JSON (an array of objects), read piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from libs.shared.bodies import read_json
from libs.shared.contracts.imports import MAX_COLUMN_CHARACTERS, MAX_COLUMNS
from libs.shared.errors import RocketError
from services.gateway.imports.parsed_rows import MAX_ROW_BYTES, FileReader, OpenedFile, ParsedRow, unreadable

CHUNK_BYTES = 256 * 1024
MARK = b"\xef\xbb\xbf"
HEAD_ROWS = 1_000
"""Rows whose keys are the columns."""
ARRAY = re.compile(rb'\s*(?:\{\s*"data"\s*:\s*)?\[')
STRUCTURE = re.compile(rb'["{}\[\]]')
QUOTED = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
"""The rest of a string behind its first quote."""
BETWEEN = re.compile(rb"[\s,]*")


def open_ndjson(file: FileReader) -> OpenedFile:
    """The columns and rows of a file with an object per line."""
    return _opened(row for number, line in _lines(file) if (row := _parsed(number, line)) is not None)


def open_json(file: FileReader) -> OpenedFile:
    """The columns and rows of an array of objects, at the top or under `data`."""
    return _opened(_element(number, text) for number, text in enumerate(_elements(file), 1))


def _opened(rows: Iterator[ParsedRow]) -> OpenedFile:
    head = list(islice(rows, HEAD_ROWS))
    if not head:
        raise unreadable("The file holds no rows")
    columns = list(dict.fromkeys(name for row in head if isinstance(row.cells, dict) for name in row.cells))
    if not columns:
        raise unreadable(f"Row {head[0].number} {head[0].problem or 'is an empty object'}")
    if len(columns) > MAX_COLUMNS or any(len(name) > MAX_COLUMN_CHARACTERS for name in columns):
        raise unreadable(f"The file has more than {MAX_COLUMNS} columns, or names of over {MAX_COLUMN_CHARACTERS}")
    return OpenedFile(columns, chain(head, rows))


def _parsed(number: int, line: bytes) -> ParsedRow | None:
    if not line.strip():
        return None
    try:
        value = read_json(line)
    except RocketError as refusal:
        return ParsedRow(number, {}, refusal.message.replace("The body ", "").replace(" at line 1,", " at"))
    return ParsedRow(number, value) if isinstance(value, dict) else ParsedRow(number, {}, "is no JSON object")


def _element(number: int, text: bytes) -> ParsedRow:
    row = _parsed(number, text)
    assert row is not None, "an element begins with a brace"
    if row.problem is not None:
        raise unreadable(f"Row {number} {row.problem}")
    return row


def _lines(file: FileReader) -> Iterator[tuple[int, bytes]]:
    number, rest = 0, _chunk(file).removeprefix(MARK)
    while chunk := rest:
        while b"\n" not in chunk:
            more = _chunk(file)
            if not more:
                yield number + 1, chunk
                return
            chunk += more
            _refuse_long(number + 1, chunk)
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            number += 1
            yield number, line
        rest = rest or _chunk(file)


def _elements(file: FileReader) -> Iterator[bytes]:
    """The texts of the objects in the array."""
    buffer = _chunk(file).removeprefix(MARK)
    begin = ARRAY.match(buffer)
    if begin is None:
        raise unreadable("The file is no JSON array of objects, nor one under `data`")
    place, number = begin.end(), 0
    while True:
        between = BETWEEN.match(buffer, place)
        place = between.end() if between else place
        if place == len(buffer):
            more = _chunk(file)
            if not more:
                raise unreadable(f"The file ends behind row {number}, in the middle of the array")
            buffer, place = more, 0
            continue
        if buffer[place : place + 1] == b"]":
            return
        number += 1
        if buffer[place : place + 1] != b"{":
            raise unreadable(f"Row {number} is no JSON object")
        buffer, end = _whole(file, buffer[place:], number)
        yield buffer[:end]
        place = end


def _whole(file: FileReader, buffer: bytes, number: int) -> tuple[bytes, int]:
    """The buffer from an object's brace on, with more of the file if it takes that, and where the object ends."""
    depth, place = 0, 0
    while True:
        found = STRUCTURE.search(buffer, place)
        if found is not None and found[0] == b'"':
            string = QUOTED.match(buffer, found.end())
            place = string.end() if string else found.start()
            found = found if string else None
        elif found is not None:
            depth += 1 if found[0] in b"{[" else -1
            place = found.end()
            if not depth:
                return buffer, place
        else:
            place = len(buffer)
        if found is None:
            more = _chunk(file)
            if not more:
                raise unreadable(f"The file ends within row {number}")
            buffer += more
            _refuse_long(number, buffer)


def _refuse_long(number: int, buffer: bytes) -> None:
    if len(buffer) > MAX_ROW_BYTES + CHUNK_BYTES:
        raise unreadable(f"Row {number} is longer than {MAX_ROW_BYTES} bytes")


def _chunk(file: FileReader) -> bytes:
    return bytes(file.read(CHUNK_BYTES))


def as_list(columns: list[str], cells: Any) -> list[Any]:
    """The values of an object in the order of columns."""
    return [cells.get(column) for column in columns] if isinstance(cells, dict) else list(cells)
