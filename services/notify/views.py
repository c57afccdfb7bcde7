"""The log of notifications as it is answered: values that are sensitive or personal data are masked in its texts.

What is kept is whole, as it is what is sent, and what its receiver reads in the inbox. What may be shown is decided by
today's definitions.
"""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.schema import Snapshot
from libs.shared.schema.secrecy import MASK, definition_of, unmasked_fields, without

Row = dict[str, Any]
TEXTS = ("recipient", "subject", "body", "error")
"""Columns in which values of records may stand."""


def visible(rows: bytes, schema: Snapshot) -> list[Row]:
    """Rows of the log, read from JSON, as they may be seen."""
    return [_visible(row, schema) for row in exact.loads(rows)]


def _visible(row: Row, schema: Snapshot) -> Row:
    quoted = row.pop("quoted")
    if row["entity"] is None:
        return row
    definition = definition_of(schema, row["entity"])
    shown = unmasked_fields(definition) if definition is not None else frozenset()
    if quoted is None:
        harmless = definition is not None and all(field.name in shown for field in definition.fields)
        return row if harmless else row | {name: row[name] and MASK for name in TEXTS}
    hidden = {value for name, values in quoted.items() if name not in shown for value in values}
    return row | {name: row[name] and without(row[name], hidden) for name in TEXTS}
