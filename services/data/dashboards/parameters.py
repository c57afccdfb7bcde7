"""The queries of widgets as the parameters that lists and aggregates take. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from libs.shared import clock
from libs.shared.contracts.records import Pairs
from libs.shared.schema import EntityDefinition
from libs.shared.schema.dashboards import FigureQuery, RecordQuery, length_of
from libs.shared.schema.figures import FUNCTIONS

DAY = timedelta(days=1)


class Window(NamedTuple):
    """A time: from `since`, or from the beginning, before `until`."""

    since: datetime | None
    until: datetime

    @property
    def before(self) -> Window | None:
        """The time of the same length that ends where this one begins."""
        return Window(self.since - (self.until - self.since), self.since) if self.since is not None else None

    @property
    def shown(self) -> dict[str, str | None]:
        return {"from": clock.iso(self.since) if self.since else None, "to": clock.iso(self.until)}


class AskedTime(NamedTuple):
    """The time that a request asks for; either end may be left out. `now` is the end that is meant then."""

    since: datetime | None
    until: datetime | None
    now: datetime

    def window(self, last: str | None) -> Window | None:
        """The time that a widget is about; None for all times. `last` counts where the request gives no beginning."""
        if self.since is None and self.until is None and last is None:
            return None
        until = self.until or self.now
        return Window(until - length_of(last) if self.since is None and last is not None else self.since, until)


def time_field_of(query: FigureQuery | RecordQuery, entity: EntityDefinition) -> str | None:
    """The field that the time of a widget is about: by default the one that says when a record was made."""
    if query.time_field is not None:
        return query.time_field
    return next((each.name for each in entity.fields if each.auto == "create"), None)


def pairs_of(query: FigureQuery | RecordQuery, entity: EntityDefinition, window: Window | None) -> Pairs:
    """The parameters of a list or an aggregate."""
    pairs = [(f"filter[{name}]", _text(value)) for name, value in query.filter.items()]
    field = time_field_of(query, entity)
    if window is not None and field is not None:
        pairs += _between(field, window, entity)
    pairs.append(("per_page", str(query.limit)))
    if query.sort:
        pairs.append(("sort", ",".join(query.sort)))
    pairs += _figures(query) if isinstance(query, FigureQuery) else [("fields", ",".join(query.fields))]
    return pairs


def _between(field: str, window: Window, entity: EntityDefinition) -> Pairs:
    kind = next((each.type for each in entity.fields if each.name == field), "timestamp")
    if kind != "date":
        first = [] if window.since is None else [(f"filter[{field}.gte]", clock.iso(window.since))]
        return [*first, (f"filter[{field}.lt]", clock.iso(window.until))]
    # A day belongs to the time that it begins in.
    last = (window.until - timedelta(microseconds=1)).date().isoformat()
    first = [] if window.since is None else [(f"filter[{field}.gte]", _first_day(window.since))]
    return [*first, (f"filter[{field}.lte]", last)]


def _first_day(moment: datetime) -> str:
    is_midnight = moment == moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return (moment if is_midnight else moment + DAY).date().isoformat()


def _figures(query: FigureQuery) -> Iterator[tuple[str, str]]:
    if query.count is not None:
        yield "count", query.count
    names: Mapping[str, Sequence[str]] = {each: getattr(query, each) for each in ("group_by", *FUNCTIONS)}
    yield from ((key, ",".join(listed)) for key, listed in names.items() if listed)
    if query.tz is not None:
        yield "tz", query.tz
    yield from ((f"having[{name}]", _text(value)) for name, value in query.having.items())


def _text(value: Any) -> str:
    """A value of a condition as URLs have it."""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
