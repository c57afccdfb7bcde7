"""Finds out what a file is, and opens it: format, encoding and delimiter, as far as the caller has not said them."""

from __future__ import annotations

import codecs
from pathlib import PurePath

from libs.shared.contracts.imports import Format, ImportOptions
from libs.shared.errors import invalid_field
from services.gateway.imports.delimited import guess_delimiter, open_delimited
from services.gateway.imports.json_rows import open_json, open_ndjson
from services.gateway.imports.parsed_rows import HEAD_BYTES, FileReader, OpenedFile, unreadable
from services.gateway.imports.workbooks import open_workbook

TYPES: dict[str, Format] = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/x-ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/json": "json",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
EXTENSIONS: dict[str, Format] = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".xlsx": "xlsx", ".ndjson": "ndjson", ".jsonl": "ndjson",
    ".json": "json",
}  # fmt: skip
ZIP = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
ENCODINGS = {
    "utf-8": "utf-8-sig", "utf8": "utf-8-sig", "utf-16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be",
    "windows-1250": "cp1250", "windows-1251": "cp1251", "windows-1252": "cp1252", "windows-1253": "cp1253",
    "windows-1254": "cp1254", "windows-1255": "cp1255", "windows-1256": "cp1256", "windows-1257": "cp1257",
    "iso-8859-1": "latin-1", "iso-8859-2": "iso8859-2", "iso-8859-5": "iso8859-5", "iso-8859-6": "iso8859-6",
    "iso-8859-9": "iso8859-9", "iso-8859-15": "iso8859-15", "ascii": "ascii", "us-ascii": "ascii",
    "koi8-r": "koi8-r", "mac-roman": "mac-roman", "shift_jis": "shift_jis", "euc-jp": "euc-jp", "gb18030": "gb18030",
    "gbk": "gbk", "big5": "big5", "euc-kr": "euc-kr",
}  # fmt: skip
"""Encodings by their names on the web."""
FALLBACK = "windows-1252"


class Utf8Check:
    """Looks at all bytes of a file on their way to storage: whether they are UTF-8, and how they begin."""

    def __init__(self) -> None:
        self.head = b""
        self.is_valid = True
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def look(self, chunk: bytes) -> None:
        """The next bytes."""
        if len(self.head) < HEAD_BYTES:
            self.head += chunk[: HEAD_BYTES - len(self.head)]
        self._decode(chunk, final=False)

    def end(self) -> None:
        """There are no more bytes."""
        self._decode(b"", final=True)

    def _decode(self, chunk: bytes, final: bool) -> None:
        if self.is_valid:
            try:
                self._decoder.decode(chunk, final)
            except UnicodeDecodeError:
                self.is_valid = False


def found_out(options: ImportOptions, filename: str, content_type: str, check: Utf8Check) -> ImportOptions:
    """The options with what was left to be found out. Raises VALIDATION_FAILED for what can't be imported."""
    kind = options.format or _format(filename, content_type, check.head)
    if check.head.startswith(OLD_EXCEL):
        raise unreadable("This is a workbook of Excel 97 to 2003: save it as .xlsx")
    if check.head.startswith(ZIP) and kind != "xlsx":
        raise unreadable(f"This is a workbook or an archive, not {kind}")
    if kind == "xlsx" and not check.head.startswith(ZIP):
        raise unreadable("This is no .xlsx workbook")
    _refuse_meaningless(options, kind)
    if kind in ("xlsx", "ndjson", "json"):
        if kind != "xlsx" and not check.is_valid:
            raise unreadable("The file is not valid UTF-8")
        return options.model_copy(update={"format": kind})
    encoding = _encoding(options.encoding, check)
    delimiter = _delimiter(options.delimiter)
    if delimiter is None:
        delimiter = "\t" if kind == "tsv" else guess_delimiter(check.head.decode(ENCODINGS[encoding], "replace"))
    return options.model_copy(update={"format": kind, "encoding": encoding, "delimiter": delimiter})


def open_file(file: FileReader, options: ImportOptions) -> OpenedFile:
    """The columns and rows of a file with complete options. Raises VALIDATION_FAILED, also while rows are taken."""
    match options.format:
        case "xlsx":
            return open_workbook(file, options)
        case "ndjson":
            return open_ndjson(file)
        case "json":
            return open_json(file)
    assert options.encoding is not None, "found out before"
    return open_delimited(file, options.model_copy(update={"encoding": ENCODINGS[options.encoding]}))


def _format(filename: str, content_type: str, head: bytes) -> Format:
    named = TYPES.get(content_type.partition(";")[0].strip().lower())
    if head.startswith(ZIP):
        return "xlsx"
    if named is not None:
        return named
    if (known := EXTENSIONS.get(PurePath(filename).suffix.lower())) is not None:
        return known
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if begin.startswith(b"["):
        return "json"
    return "ndjson" if begin.startswith(b"{") else "csv"


def _encoding(wanted: str | None, check: Utf8Check) -> str:
    if wanted is not None:
        name = wanted.strip().lower()
        if name not in ENCODINGS:
            raise invalid_field("encoding", "encoding must be one of " + ", ".join(ENCODINGS), "encoding")
        if ENCODINGS[name] == "utf-8-sig" and not check.is_valid:
            raise unreadable("The file is not valid UTF-8; leave the encoding out to have it found out")
        return name
    for mark, _ in MARKS:
        if check.head.startswith(mark):
            return "utf-8" if mark == codecs.BOM_UTF8 else "utf-16"
    if check.is_valid:
        return "utf-8"
    return _without_mark(check.head) or FALLBACK


def _without_mark(head: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of what is mostly ASCII is zero."""
    if len(head) < 4 or b"\x00" not in head:
        return None
    even, odd = head[0::2].count(0) / len(head[0::2]), head[1::2].count(0) / len(head[1::2])
    return "utf-16le" if odd > 0.5 > even else "utf-16be" if even > 0.5 > odd else None


def _delimiter(wanted: str | None) -> str | None:
    if wanted is None:
        return None
    if wanted in ("tab", "\\t"):
        return "\t"
    if len(wanted) != 1 or wanted in '"\r\n\x00 ' or wanted.isalnum():
        raise invalid_field("delimiter", "delimiter must be one character such as ; or |, or tab", "delimiter")
    return wanted


def _refuse_meaningless(options: ImportOptions, kind: Format) -> None:
    """Raises VALIDATION_FAILED for an option that another format has: it would change nothing."""
    of_text, of_rows = kind in ("csv", "tsv"), kind in ("csv", "tsv", "xlsx")
    checks = (
        ("delimiter", options.delimiter is not None, of_text),
        ("encoding", options.encoding is not None, of_text),
        ("sheet", options.sheet is not None, kind == "xlsx"),
        ("header", not options.header, of_rows),
    )
    for name, is_given, fits in checks:
        if is_given and not fits:
            raise invalid_field(name, f"{name} has no meaning for {kind}", "format")
