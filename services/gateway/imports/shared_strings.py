"""The shared texts of a workbook, kept in a temporary file: only their places are in memory."""

from __future__ import annotations

import os
import tempfile
import weakref
from array import array
from collections.abc import Callable, Iterator
from typing import Any
from xml.parsers import expat

from services.gateway.imports.parsed_rows import MAX_CELL_CHARACTERS, unreadable

MAX_STRINGS = 20_000_000
MAX_BYTES = 2 * 1024 * 1024 * 1024
"""Bytes of all texts together."""
BUFFERED_BYTES = 1024 * 1024


class SharedStrings:
    """Texts by their number."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the last row was taken
        weakref.finalize(self, self._file.close)
        self._ends = array("Q", [0])
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    def read(self, feed: Callable[[Any], Iterator[None]]) -> None:
        """Take the texts of a part. Parts of one text (runs of rich text) are joined, phonetic hints left out."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._data
        self._text: list[str] = []
        self._is_text, self._hints, self._length = False, 0, 0
        for _ in feed(parser):
            pass
        self._flush()

    def get(self, number: int) -> str:
        """The text of this number. Raises VALIDATION_FAILED if there is none."""
        if not 0 <= number < len(self._ends) - 1:
            raise unreadable(f"The workbook refers to the text {number}, which it does not have")
        begin, end = self._ends[number], self._ends[number + 1]
        return os.pread(self._file.fileno(), end - begin, begin).decode()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "si":
            self._text.clear()
            self._length = 0
        elif name == "rPh":
            self._hints += 1
        self._is_text = name == "t" and not self._hints

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        self._is_text = False
        if name == "rPh":
            self._hints -= 1
        elif name == "si":
            self._add("".join(self._text).encode("utf-8", "replace"))

    def _data(self, data: str) -> None:
        if self._is_text:
            self._length += len(data)
            if self._length > MAX_CELL_CHARACTERS:
                raise unreadable(f"A cell has more than {MAX_CELL_CHARACTERS} characters")
            self._text.append(data)

    def _add(self, text: bytes) -> None:
        self._ends.append(self._ends[-1] + len(text))
        self._waiting.append(text)
        self._waiting_bytes += len(text)
        if self._ends[-1] > MAX_BYTES or len(self._ends) > MAX_STRINGS:
            raise unreadable("The workbook has too many texts: save it as CSV")
        if self._waiting_bytes > BUFFERED_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._file.write(b"".join(self._waiting))
        self._file.flush()
        self._waiting.clear()
        self._waiting_bytes = 0
