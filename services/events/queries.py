"""Turns the URL's query into SQL conditions and their values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from libs.shared.contracts.events import EVENT_FILTERS
from libs.shared.contracts.records import Pairs
from libs.shared.errors import RocketError
from libs.shared.ids import parse_uuid
from libs.shared.schema import BadValue, FieldDefinition, parse_text

GROUPS = ("source", "entity", "action")
DEFAULT_WINDOW = timedelta(hours=24)
MAX_PAGE = 10_000_000
UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
MAX_INTERVAL = 100_000
"""Of a unit."""
MAX_POINTS = 1_000
"""Points of a series."""
_TIME = FieldDefinition(name="time", type="timestamp")


@dataclass(frozen=True, slots=True)
class EventSelection:
    """The condition, order and page of a query; `where` and `order` never contain text of the caller."""

    where: str
    values: tuple[Any, ...]
    order: str
    page: int
    per_page: int

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page


def events_selection(query: Pairs) -> EventSelection:
    """`GET /_events`: filters, newest first, 50 a page, at most 100."""
    return _selection(query, EVENT_FILTERS, "created_at", "span_id", 50)


def window(query: Pairs, now: datetime) -> tuple[datetime, datetime]:
    """`from` and `to` of statistics; by default the 24 hours up to `to`, which is now."""
    asked = dict(query)
    until = _moment(asked, "to") or now
    return _moment(asked, "from") or until - DEFAULT_WINDOW, until


def conditions(query: Pairs, before: int) -> tuple[str, list[Any]]:
    """The list's filters as SQL, and their values, which are numbered behind `before` others."""
    asked = dict(query)
    values = [_value(name, asked[name]) for name in EVENT_FILTERS if asked.get(name)]
    names = [name for name in EVENT_FILTERS if asked.get(name)]
    clauses = [_clause(name, asked[name], number) for number, name in enumerate(names, before + 1)]
    return " AND ".join(clauses) or "true", values


def grouping(query: Pairs) -> str | None:
    """The column to group statistics by, besides source. Raises INVALID_PAYLOAD."""
    group = dict(query).get("group_by") or None
    if group is not None and group not in GROUPS:
        raise RocketError("INVALID_PAYLOAD", f"group_by must be one of {', '.join(GROUPS)}")
    return group


def interval_of(query: Pairs, since: datetime, until: datetime) -> timedelta | None:
    """The length of a point of the series that is asked for: `30s`, `5m`, `1h`, `1d`. Raises INVALID_PAYLOAD."""
    text = dict(query).get("interval") or ""
    if not text:
        return None
    number = _positive(text[:-1], 0)
    if text[-1] not in UNITS or not 0 < number <= MAX_INTERVAL:
        raise RocketError("INVALID_PAYLOAD", "interval must be a number and s, m, h or d, such as 5m")
    interval = number * UNITS[text[-1]]
    if until - since > MAX_POINTS * interval:
        raise RocketError("INVALID_PAYLOAD", f"interval is too short for this window: at most {MAX_POINTS} points")
    return interval


def _selection(query: Pairs, filters: tuple[str, ...], time: str, tie: str, per_page: int) -> EventSelection:
    asked = dict(query)
    clauses: list[str] = []
    values: list[Any] = []
    for name in filters:
        if asked.get(name):
            values.append(_value(name, asked[name]))
            clauses.append(_clause(name, asked[name], len(values)))
    for name, operator in (("from", ">="), ("to", "<=")):
        if (moment := _moment(asked, name)) is not None:
            values.append(moment)
            clauses.append(f"{time} {operator} ${len(values)}")
    direction = _direction(asked.get("sort", ""), time.strip('"'))
    return EventSelection(
        where=" AND ".join(clauses) or "true",
        values=tuple(values),
        order=f"{time} {direction}, {tie.format(direction)} {direction}",
        page=min(_positive(asked.get("page", ""), 1), MAX_PAGE),
        per_page=min(_positive(asked.get("per_page", ""), per_page), 100),
    )


def _clause(name: str, text: str, number: int) -> str:
    if name == "action" and text.endswith(".*"):
        return f"starts_with(action, ${number})"
    return f"{name} = ${number}"


def _value(name: str, text: str) -> Any:
    if name == "trace_id":
        trace_id = parse_uuid(text)
        if trace_id is None:
            raise RocketError("INVALID_PAYLOAD", "trace_id must be a UUID")
        return trace_id
    if name == "action" and text.endswith(".*"):
        text = text[:-1]
    if "\x00" in text:
        raise RocketError("INVALID_PAYLOAD", f"{name} must not hold the character NUL")
    return text


def _direction(sort: str, column: str) -> str:
    if sort not in ("", column, f"-{column}"):
        raise RocketError("UNKNOWN_FIELD", f"sort must be {column} or -{column}")
    return "ASC" if sort == column else "DESC"


def _moment(asked: Mapping[str, str], name: str) -> datetime | None:
    if not asked.get(name):
        return None
    try:
        moment: datetime = parse_text(_TIME, asked[name])
    except BadValue as problem:
        raise RocketError("INVALID_PAYLOAD", f"{name} {problem}") from None
    return moment


def _positive(text: str, default: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return number or default
