"""The refused rows of an import as CSV: the columns of the file, then the row's number and the reasons."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncGenerator, Sequence
from decimal import Decimal
from typing import Any

from libs.shared import exact
from libs.shared.contracts.imports import REASONS_COLUMN, ROW_COLUMN
from libs.shared.errors import Detail, summary
from libs.shared.postgres.databases import Database
from services.data.imports import store
from services.data.imports.jobs import ImportJob

CHUNK_ROWS = 500
"""Rows read at a time."""
FORMULA = re.compile(r"[=+@\t\r\n＝＋－＠-]")
"""How text begins that a spreadsheet would evaluate; behind an apostrophe it shows the text."""


async def csv_chunks(database: Database, job: ImportJob) -> AsyncGenerator[bytes, None]:
    """An empty chunk, then the file."""
    yield b""
    # A byte order mark, or spreadsheets would take UTF-8 for something else.
    yield "\ufeff".encode() + _lines([[_cell(name) for name in (*job.columns, ROW_COLUMN, REASONS_COLUMN)]])
    last = -1
    while rows := await database.fetch(store.REFUSALS_AFTER, job.id, last, CHUNK_ROWS):
        last = rows[-1]["row"]
        yield _lines([_line(job.columns, row) for row in rows])


def serialize_refusal(columns: Sequence[str], row: Any) -> dict[str, Any]:
    """A refused row as JSON."""
    cells = exact.loads(row["cells"])
    values = cells if isinstance(cells, dict) else dict(zip(columns, cells or [None] * len(columns), strict=False))
    return {"row": row["row"], "reasons": exact.loads(row["reasons"]), "values": values}


def _line(columns: Sequence[str], row: Any) -> list[str]:
    refusal = serialize_refusal(columns, row)
    values = [_cell(refusal["values"].get(column)) for column in columns]
    return [*values, str(refusal["row"]), _cell("; ".join(map(_reason, refusal["reasons"])))]


def _reason(detail: Detail) -> str:
    return summary(detail)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if FORMULA.match(value) else value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | Decimal) else exact.dumps(value).decode()


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
