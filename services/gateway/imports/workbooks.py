"""Rows of a sheet of an .xlsx workbook, read as a stream: neither the sheet nor its texts are in memory whole.

A workbook is a ZIP of XML files. Sheets have numbers, dates (numbers that a style shows as such) and references to
shared texts. A ZIP may claim to be small and be huge, so every part is read up to a limit, and no part may have
entities.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, cast
from xml.parsers import expat

from libs.shared.contracts.imports import ImportOptions
from services.gateway.imports.parsed_rows import FileReader, OpenedFile, ParsedRow, checked_columns, fitted, unreadable
from services.gateway.imports.shared_strings import SharedStrings
from services.gateway.imports.sheet_rows import SheetRows

MAX_PARTS = 5_000
"""Files in the ZIP."""
MAX_RATIO = 300
"""Bytes of a part per byte that it takes in the ZIP."""
MIN_RATED_BYTES = 16 * 1024 * 1024
"""Parts up to this size may have any ratio."""
MAX_PART_BYTES = 4 * 1024 * 1024 * 1024
MAX_SMALL_PART_BYTES = 16 * 1024 * 1024
"""Bytes of the parts that are read whole: the list of sheets, styles."""
CHUNK_BYTES = 256 * 1024
MAX_FORMAT_CHARACTERS = 255
"""Characters of the longest format."""
DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""Numbers of the built-in formats that show dates and times."""
LITERAL = re.compile(r'"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|_.|\*.', re.IGNORECASE)
"""What a format shows as it is, and colours."""
DATE_LETTERS = re.compile(r"[ymdhs]", re.IGNORECASE)
PARTS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

Start = Callable[[str, dict[str, str]], None]


def open_workbook(file: FileReader, options: ImportOptions) -> OpenedFile:
    """The columns and rows of a sheet. Raises VALIDATION_FAILED for what is no workbook, also while rows are taken."""
    try:
        archive = zipfile.ZipFile(cast("IO[bytes]", file))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise unreadable("This is no .xlsx workbook, or it is damaged") from None
    if len(archive.infolist()) > MAX_PARTS:
        raise unreadable("The workbook has too many parts")
    path, starts_1904 = _sheet_of(archive, options.sheet)
    strings = SharedStrings()
    if (name := _found(archive, "xl/sharedStrings.xml")) is not None:
        strings.read(_parsed(archive, name))
    rows = SheetRows(strings, _date_styles(archive), starts_1904).rows(_parsed(archive, path))
    return _opened(rows, options)


def _opened(rows: Iterator[tuple[int, list[Any]]], options: ImportOptions) -> OpenedFile:
    for number, cells in rows:
        if options.header:
            if not any(cell not in (None, "") for cell in cells):
                continue
            columns = checked_columns([_name(cell) for cell in cells])
            return OpenedFile(columns, _fitted(rows, len(columns)))
        width = len(cells)
        if width:
            first = fitted(number, cells, width)
            return OpenedFile([str(n) for n in range(1, width + 1)], _fitted(rows, width, first))
    raise unreadable("The sheet is empty")


def _fitted(rows: Iterator[tuple[int, list[Any]]], width: int, first: ParsedRow | None = None) -> Iterator[ParsedRow]:
    if first is not None:
        yield first
    for number, cells in rows:
        row = fitted(number, cells, width)
        if row is not None:
            yield row


def _name(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _parsed(archive: zipfile.ZipFile, name: str, limit: int = MAX_PART_BYTES) -> Callable[[Any], Iterator[None]]:
    """Feeds a part to a parser piece by piece; each step yields, so that what was parsed can be taken."""

    def feed(parser: Any) -> Iterator[None]:
        parser.StartDoctypeDeclHandler = _refuse_doctype
        info, taken = archive.getinfo(name), 0
        try:
            with archive.open(info) as part:
                while chunk := part.read(CHUNK_BYTES):
                    taken += len(chunk)
                    if taken > limit or (taken > MIN_RATED_BYTES and taken > MAX_RATIO * info.compress_size):
                        raise unreadable("The workbook is much larger than it says")
                    parser.Parse(chunk, False)
                    yield
                parser.Parse(b"", True)
                yield
        except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError):
            raise unreadable(f"The workbook is damaged in {name}") from None

    return feed


def _refuse_doctype(*_: Any) -> None:
    raise unreadable("The workbook holds a document type, which no spreadsheet program writes")


def _found(archive: zipfile.ZipFile, name: str) -> str | None:
    """The part of this name; case makes no difference."""
    return next((each for each in archive.namelist() if each.lower() == name.lower()), None)


def _read_small(archive: zipfile.ZipFile, name: str, start: Start) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda tag, attributes: start(tag.rpartition(" ")[2], attributes)
    for _ in _parsed(archive, name, MAX_SMALL_PART_BYTES)(parser):
        pass


def _sheet_of(archive: zipfile.ZipFile, wanted: str | None) -> tuple[str, bool]:
    """The part of the wanted sheet, or of the first one, and whether its days count from 1904."""
    workbook, relations = _found(archive, "xl/workbook.xml"), _found(archive, "xl/_rels/workbook.xml.rels")
    if workbook is None or relations is None:
        raise unreadable("This is a ZIP archive, but no .xlsx workbook")
    sheets: dict[str, str] = {}
    settings: dict[str, str] = {}
    targets: dict[str, str] = {}

    def in_workbook(tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            sheets[attributes.get("name", "")] = attributes.get(f"{PARTS} id", "")
        elif tag == "workbookPr":
            settings.update(attributes)

    def in_relations(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    _read_small(archive, workbook, in_workbook)
    _read_small(archive, relations, in_relations)
    name = wanted if wanted is not None else next(iter(sheets), None)
    if name not in sheets:
        raise unreadable(f"The workbook has no sheet {name}; it has {', '.join(sheets) or 'none'}"[:500])
    target = targets.get(sheets[name], "")
    path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
    part = _found(archive, path)
    if part is None:
        raise unreadable(f"The sheet {name} is not in the workbook")
    return part, settings.get("date1904", "0").lower() in ("1", "true")


def _date_styles(archive: zipfile.ZipFile) -> dict[int, bool]:
    """The styles that show dates, and whether they also show a time."""
    name = _found(archive, "xl/styles.xml")
    if name is None:
        return {}
    codes: dict[int, str] = {}
    formats: list[int] = []
    is_within = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal is_within
        if tag == "numFmt":
            codes[_number(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif tag in ("cellXfs", "cellStyleXfs", "dxfs"):
            is_within = tag == "cellXfs"
        elif tag == "xf" and is_within:
            formats.append(_number(attributes.get("numFmtId")))

    _read_small(archive, name, start)
    found = {style: shown_by(number, codes.get(number)) for style, number in enumerate(formats)}
    return {style: shown == "time" for style, shown in found.items() if shown}


def shown_by(number: int, code: str | None) -> str:
    """What a format shows: `date`, `time` (perhaps with a date), or nothing of it."""
    if code is None:
        return "" if number not in DATE_FORMATS else "time" if number in (18, 19, 20, 21, 22, 45, 46, 47) else "date"
    plain = LITERAL.sub("", code[:MAX_FORMAT_CHARACTERS].partition(";")[0])
    if not DATE_LETTERS.search(plain) or "general" in plain.lower():
        return ""
    return "time" if re.search(r"[hs]", plain, re.IGNORECASE) else "date"


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0
