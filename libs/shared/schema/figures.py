"""The figures that aggregates have, and the groups that records can be counted in."""

from __future__ import annotations

from collections.abc import Mapping

from libs.shared.schema.fields import NUMBERS, TYPES

UNORDERED_TYPES = ("json", "file")
"""Types whose values can't be compared, nor sorted."""
FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "sum": NUMBERS,
    "avg": NUMBERS,
    "min": (*NUMBERS, "string", "text", "date", "timestamp"),
    "max": (*NUMBERS, "string", "text", "date", "timestamp"),
    "count_distinct": tuple(kind for kind in TYPES if kind not in UNORDERED_TYPES),
}
"""Function → the types of fields it is for; besides count, which is of records."""
PARTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("year", "quarter", "month", "week", "day"), ("date", "timestamp")),
    "hour": ("timestamp",),
}
"""Part of a date that values may be grouped by → the types that have it."""
MAX_GROUPS = 5
MAX_FIGURES = 20
