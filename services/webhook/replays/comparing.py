"""Compares stored deliveries with those derived from their commits. Pure.

Names of entities and fields in a body date from when its commit was handled, and fields that were omitted
then are absent. So a body may use former names, but equal names must have equal values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from libs.shared import exact
from libs.shared.contracts.schemas import NamesEver

Columns = Mapping[str, Any]
NAME_COLUMNS = ("entity", "request_body")
"""Columns that may contain former names."""
RECORD_PARTS = ("record", "old", "changes")
"""Parts of a body whose keys are fields."""


def differences(expected: Columns, stored: Columns, names: NamesEver) -> list[str]:
    """The columns of a stored delivery that differ from the derived one."""
    entity = expected["entity"]
    titles = {entity, *names.titles.get(entity, ())}
    found = [name for name in expected if name not in NAME_COLUMNS and expected[name] != stored[name]]
    if stored["entity"] not in titles:
        found.append("entity")
    if not _same_body(exact.loads(expected["request_body"]), stored["request_body"], titles, names):
        found.append("request_body")
    return found


def _same_body(expected: Any, stored: Any, titles: Collection[str], names: NamesEver) -> bool:
    known = {field for title in titles for field in names.fields.get(title, ())}
    return (
        isinstance(stored, dict)
        and expected.keys() == stored.keys()
        and stored["entity"] in titles
        and all(_same_record(expected[name], stored[name], known) for name in RECORD_PARTS if name in expected)
        and all(expected[name] == stored[name] for name in expected if name not in (*RECORD_PARTS, "entity"))
    )


def _same_record(expected: Any, stored: Any, known: Collection[str]) -> bool:
    if not isinstance(expected, dict) or not isinstance(stored, dict):
        return bool(expected == stored)
    once = expected.keys() ^ stored.keys()
    return once <= set(known) and all(expected[name] == stored[name] for name in expected.keys() & stored.keys())
