"""Masks sensitive values and personal data in the texts of the log of notifications.

Notifications are stored unmasked, as they are sent and shown in the receiver's inbox. The log is masked by
today's definitions.
"""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.schema import Snapshot
from libs.shared.schema.secrecy import MASK, definition_of, unmasked_fields, without

Row = dict[str, Any]
TEXTS = ("recipient", "subject", "body", "error")
"""Columns that may contain values of records."""


def visible(rows: bytes, schema: Snapshot) -> list[Row]:
    """The masked rows of the log, parsed from JSON."""
    return [_visible(row, schema) for row in exact.loads(rows)]


def _visible(row: Row, schema: Snapshot) -> Row:
    quoted = row.pop("quoted")
    if row["origin"] == "digest":
        # Its parts stand in the log themselves, masked each by its own entity.
        return row | {"body": row["body"] and MASK}
    if row["entity"] is None:
        return row
    definition = definition_of(schema, row["entity"])
    shown = unmasked_fields(definition) if definition is not None else frozenset()
    if quoted is None:
        harmless = definition is not None and all(field.name in shown for field in definition.fields)
        return row if harmless else row | {name: row[name] and MASK for name in TEXTS}
    hidden = {value for name, values in quoted.items() if name not in shown for value in values}
    return row | {name: row[name] and without(row[name], hidden) for name in TEXTS}
