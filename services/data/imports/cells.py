"""Reads cells by the type of their field: text becomes the JSON value that a write takes. Pure.

What can't be read stays as it is, so that the write refuses it in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from libs.shared import exact
from libs.shared.contracts.imports import ImportOptions
from libs.shared.schema import FieldDefinition
from libs.shared.schema.fields import NUMBERS

TRUE = frozenset({"true", "t", "yes", "y", "1", "x", "on", "ja", "wahr", "نعم"})
FALSE = frozenset({"false", "f", "no", "n", "0", "off", "nein", "falsch", "لا"})
FORMULA = re.compile(r"'(?=[=+@\t\r\n＝＋－＠-])")
"""The apostrophe that exports put before what a spreadsheet would take for a formula."""
DAY = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:[T ,]+(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?.*))?\Z", re.ASCII)
MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]00:00(?::00(?:\.0+)?)?\Z", re.ASCII)
GROUPS = {
    ".": re.compile(r"[+-]?\d{1,3}(?:[,' \u00a0\u202f]\d{3})+(?:\.\d+)?\Z", re.ASCII),
    ",": re.compile(r"[+-]?(?:\d{1,3}(?:[.' \u00a0\u202f]\d{3})+|\d+)(?:,\d+)?\Z", re.ASCII),
}
"""Numbers with groups of thousands, by the decimal mark."""
SEPARATORS = {".": re.compile("[,' \u00a0\u202f]"), ",": re.compile("[.' \u00a0\u202f]")}


def is_empty(field: FieldDefinition, cell: Any) -> bool:
    """Whether a cell holds nothing; blanks are something in a text only."""
    if cell is None or cell == "":
        return True
    return isinstance(cell, str) and field.type not in ("string", "text") and not cell.strip()


def read_cell(field: FieldDefinition, cell: Any, options: ImportOptions) -> Any:
    """The JSON value of a cell that is not empty."""
    if field.type in ("string", "text"):
        return _text(cell, options)
    if isinstance(cell, str):
        return _READERS.get(field.type, _trimmed)(cell.strip(), options)
    if field.type == "boolean" and not isinstance(cell, bool):
        return {1: True, 0: False}.get(cell, cell)
    return cell


def _text(cell: Any, options: ImportOptions) -> Any:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, int | float):
        return str(cell)
    if isinstance(cell, str) and options.format in ("csv", "tsv"):
        return FORMULA.sub("", cell, count=1) if FORMULA.match(cell) else cell
    return cell


def _trimmed(text: str, options: ImportOptions) -> Any:
    return text


def _number(text: str, options: ImportOptions) -> Any:
    text = FORMULA.sub("", text, count=1) if FORMULA.match(text) else text
    if not GROUPS[options.decimal].match(text):
        return text
    plain = SEPARATORS[options.decimal].sub("", text)
    return plain.replace(",", ".") if options.decimal == "," else plain


def _boolean(text: str, options: ImportOptions) -> Any:
    small = text.casefold()
    return True if small in TRUE else False if small in FALSE else text


def _date(text: str, options: ImportOptions) -> Any:
    text = _iso(text, options)
    midnight = MIDNIGHT.match(text)
    return midnight[1] if midnight else text


def _timestamp(text: str, options: ImportOptions) -> Any:
    text = _iso(text, options)
    if options.timezone is None:
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.replace(tzinfo=ZoneInfo(options.timezone)).isoformat() if moment.tzinfo is None else text


def _iso(text: str, options: ImportOptions) -> str:
    """A date, or a time, in the order of ISO 8601."""
    found = DAY.match(text) if options.dates != "iso" else None
    if found is None:
        return text
    first, second, year, time = found.groups()
    day, month = (first, second) if options.dates == "dmy" else (second, first)
    date = f"{year}-{month:0>2}-{day:0>2}"
    return f"{date}T{time:0>5}" if time and time[1] != ":" else f"{date}T0{time}" if time else date


def _json(text: str, options: ImportOptions) -> Any:
    try:
        return exact.parse(text)
    except ValueError:
        return text


_READERS: dict[str, Callable[[str, ImportOptions], Any]] = {
    **dict.fromkeys(NUMBERS, _number),
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "json": _json,
    "file": lambda text, options: _json(text, options) if text.startswith("{") else text,
}
