"""Compares audit rows with their log entries. Pure.

Names are those of the time when the row was written, and values may be masked by the definitions of that
time, so a row may differ from what today's definitions would produce. It must never contain another value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from libs.shared import exact
from libs.shared.contracts.schemas import NamesEver
from libs.shared.schema.secrecy import MASK

Row = Mapping[str, Any]
COMPARED_COLUMNS = (
    "id",
    "record_id",
    "version",
    "action",
    "user_id",
    "user_email",
    "ip_address",
    "trace_id",
    "timestamp",
)

ADDED_COLUMNS = ("on_behalf_of", "cause")
"""Columns that were added later. They are empty in older rows."""


def differences(expected: Row, stored: Row, names: NamesEver) -> list[str]:
    """The columns of a stored row that differ from what the log says, unmasked, by today's names."""
    title = expected["entity"]
    found = [column for column in COMPARED_COLUMNS if expected[column] != stored[column]]
    found += [column for column in ADDED_COLUMNS if stored[column] not in (None, expected[column])]
    if stored["entity"] not in {title, *names.titles.get(title, ())}:
        found.append("entity")
    known = set(names.fields.get(title, ())) - {*(expected["old_data"] or ()), *(expected["new_data"] or ())}
    found += [column for column in ("old_data", "new_data") if not _same(expected[column], stored[column], known)]
    if not _same_names(expected["changed_fields"], stored["changed_fields"], known):
        found.append("changed_fields")
    return found


def _same(expected: Row | None, stored: Row | None, known: set[str]) -> bool:
    """Whether a stored record has these values or masks, possibly under former names."""
    if expected is None or stored is None:
        return expected is stored
    if any(stored[name] not in (value, MASK) for name, value in expected.items() if name in stored):
        return False
    renamed = {name: value for name, value in stored.items() if name not in expected}
    if not renamed.keys() <= known:
        return False
    # A former name of a field, or a field that came later (null in the table, absent in older images).
    missing = Counter(_text(value) for name, value in expected.items() if name not in stored)
    taken = Counter(_text(value) for value in renamed.values() if value != MASK)
    masks = len(renamed) - taken.total()
    return taken <= missing and (missing - taken).total() - masks <= missing[_text(None)]


def _same_names(expected: Collection[str], stored: Collection[str], known: set[str]) -> bool:
    if len(expected) != len(stored):
        return False
    return set(stored) - set(expected) <= known


def _text(value: Any) -> bytes:
    return exact.dumps(value)
