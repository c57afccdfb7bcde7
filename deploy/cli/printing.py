"""The output of the command line: tables for people, one JSON document per line for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any


class Printer:
    """Prints results to standard output, and errors to standard error."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def rows(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
        """Print a table; missing columns of a row stay empty."""
        if self.as_json:
            for row in rows:
                self._line(row)
            return
        cells = [[_shown(row.get(column)) for column in columns] for row in rows]
        widths = [max(map(len, [column, *(line[n] for line in cells)])) for n, column in enumerate(columns)]
        for line in [[column.upper() for column in columns], *cells]:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip(), flush=True)

    def say(self, text: str, document: Mapping[str, Any]) -> None:
        """Print a sentence, or with --json the document that it is about."""
        if self.as_json:
            self._line(document)
        else:
            print(text, flush=True)

    def progress(self, text: str) -> None:
        """Show progress to people, on a line that is overwritten."""
        if not self.as_json and sys.stderr.isatty():
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)

    def refuse(self, code: str, message: str) -> None:
        """Print why nothing was done."""
        text = json.dumps({"error": {"code": code, "message": message}}) if self.as_json else f"rocket: {message}"
        print(text, file=sys.stderr, flush=True)

    def _line(self, document: Mapping[str, Any]) -> None:
        print(json.dumps(document, ensure_ascii=False), flush=True)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
