"""Generated lists of records, and what a plain Python model says they answer."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.property.models.values import COMPARABLE, TEXTS, VALUES, Field, in_url

Row = Mapping[str, Any]

ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
TEXTUAL = ("string", "text", "int", "boolean", "uuid", "date")
"""Kinds whose text is what a URL would say, and so can be modelled by `like`."""


@dataclass(frozen=True, slots=True)
class Filter:
    """`filter[field.operator]=text`; `value` is what the text means."""

    field: Field
    operator: str
    text: str
    value: Any

    def holds(self, row: Row) -> bool:
        """A null differs from every value, and nothing else is true for it."""
        value = row[self.field.name]
        if value is None:
            return self.operator in ("neq", "not_in")
        match self.operator:
            case "in":
                return value in self.value
            case "not_in":
                return value not in self.value
            case "like":
                return like(self.text, in_url(value))
        return ORDERED[self.operator](value, self.value)


@dataclass(frozen=True, slots=True)
class Query:
    """A list request."""

    filters: Sequence[Filter]
    sort: Sequence[tuple[Field, bool]]
    page: int
    per_page: int

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The URL's query."""
        pairs = [(f"filter[{f.field.name}.{f.operator}]".replace(".eq]", "]"), f.text) for f in self.filters]
        if self.sort:
            pairs.append(("sort", ",".join("-" * down + field.name for field, down in self.sort)))
        return [*pairs, ("page", str(self.page)), ("per_page", str(self.per_page))]

    @property
    def refused(self) -> bool:
        """A pattern that ends in the middle of an escape means nothing."""
        return any(f.operator == "like" and ends_in_escape(f.text) for f in self.filters)

    def answer(self, rows: Sequence[Row], key: Field) -> tuple[list[Any], int]:
        """The keys of the page in order, and how many rows match."""
        matching = sorted((row for row in rows if all(f.holds(row) for f in self.filters)), key=_by(key))
        for field, down in reversed(self.sort):
            matching.sort(key=_by(field), reverse=down)
        first = (self.page - 1) * self.per_page
        return [row[key.name] for row in matching[first : first + self.per_page]], len(matching)


def _by(field: Field) -> Callable[[Row], Any]:
    """Nulls before every value; text by code points, as the server's C.UTF-8 has it."""
    return lambda row: (row[field.name] is not None, row[field.name] if row[field.name] is not None else 0)


def ends_in_escape(pattern: str) -> bool:
    """Whether an odd number of backslashes ends the pattern."""
    return (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 1


def like(pattern: str, value: str) -> bool:
    """SQL LIKE."""
    parts = re.findall(r"\\.|[^\\]", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return bool(re.fullmatch("".join(wild.get(p) or re.escape(p[-1]) for p in parts), value, re.DOTALL))


@st.composite
def filters(draw: st.DrawFn, fields: Sequence[Field], rows: Sequence[Row]) -> Filter:
    """A filter on one of the fields, mostly with values that rows have."""
    field = draw(st.sampled_from([f for f in fields if f.kind in COMPARABLE]))
    present = [row[field.name] for row in rows if row.get(field.name) is not None]
    values = st.sampled_from(present) | VALUES[field.kind] if present else VALUES[field.kind]
    chosen = draw(st.sampled_from([*ORDERED, "in", "not_in", *(["like"] if field.kind in TEXTUAL else [])]))
    if chosen == "like":
        pattern = draw(_patterns([in_url(value) for value in present]))
        return Filter(field, chosen, pattern, None)
    if chosen in ("in", "not_in"):
        return _list_filter(field, chosen, draw(st.lists(values, min_size=1, max_size=3)), draw(st.booleans()))
    value = draw(values)
    return Filter(field, chosen, in_url(value), value)


def _list_filter(field: Field, chosen: str, values: list[Any], blanks: bool) -> Filter:
    text = (" , " if blanks else ",").join(map(in_url, values))
    if field.kind in ("string", "text"):
        values = [item.strip() for item in text.split(",")]
    return Filter(field, chosen, text, values)


def _patterns(present: Sequence[str]) -> st.SearchStrategy[str]:
    if not present:
        return TEXTS
    parts = st.sampled_from(present).flatmap(lambda text: st.sampled_from([text, text[:1], text[-1:], text[1:]]))
    return st.lists(parts | st.sampled_from(["%", "_", "\\", "\\" * 3]) | TEXTS, max_size=3).map("".join)


@st.composite
def queries(draw: st.DrawFn, fields: Sequence[Field], rows: Sequence[Row]) -> Query:
    """A list request that fits the fields."""
    sortable = st.sampled_from([field for field in fields if field.kind in COMPARABLE])
    return Query(
        filters=draw(st.lists(filters(fields, rows), max_size=3)),
        sort=draw(st.lists(st.tuples(sortable, st.booleans()), max_size=3)),
        page=draw(st.sampled_from([1, 1, 2, 3])),
        per_page=draw(st.sampled_from([100, 25, 3, 2, 1])),
    )
