"""The delivery log as it is answered: its rows hold what is sent, not all of which is shown."""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from services.webhook.header_templates import shown

Row = dict[str, Any]


def visible(rows: bytes) -> list[Row]:
    """Rows of the log, read from JSON with all digits of their numbers, as they may be seen."""
    return [_visible(row) for row in exact.loads(rows)]


def _visible(row: Row) -> Row:
    headers = {name: shown(value) for name, value in row["request_headers"].items()}
    return {**row, "request_headers": headers}
