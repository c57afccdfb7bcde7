"""Dashboards: figures, lists and changes of records beside each other, each shown with the rights of who looks."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator, model_validator

from libs.shared.nearest import nearest
from libs.shared.schema.figures import FUNCTIONS, MAX_FIGURES, MAX_GROUPS
from libs.shared.schema.strict import Strict
from libs.shared.schema.validation_errors import error_at, first_duplicate

MAX_WIDGETS = 50
MAX_ROWS = 100
"""Rows that one widget shows."""
COLUMNS = 12
"""Columns of the grid that widgets lie on."""
MAX_UNITS = 9_999
"""Hours, days or weeks that a widget can look back."""
HOURS = {"h": 1, "d": 24, "w": 24 * 7}

Word = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[list[Word], Field(max_length=MAX_FIGURES)]
Value = str | int | float | bool | list[str | int | float | bool] | None
Conditions = Annotated[dict[Word, Value], Field(max_length=50)]
"""Field, or field.operator, → value; lists for in, not_in and between."""


def length_of(text: str) -> timedelta:
    """The length of "24h", "30d" or "4w". Raises ValueError."""
    number, unit = text[:-1], text[-1:]
    if (
        unit not in HOURS
        or not (number.isascii() and number.isdigit() and len(number) < 6)
        or not 0 < int(number) <= MAX_UNITS
    ):
        raise ValueError('must be a number of hours, days or weeks such as "24h", "30d" or "4w"')
    return timedelta(hours=int(number) * HOURS[unit])


def _readable(text: str) -> str:
    length_of(text)
    return text


class FigureQuery(Strict):
    """Figures about records, in groups: what `_aggregate` takes. `last` is the time meant where none is asked for."""

    entity: Word
    time_field: Word | None = None
    last: Annotated[str, AfterValidator(_readable)] | None = None
    compare: Literal["previous_period"] | None = None
    filter: Conditions = Field(default_factory=dict)
    group_by: Annotated[list[Word], Field(max_length=MAX_GROUPS)] = Field(default_factory=list)
    tz: Word | None = None
    count: Literal["*"] | None = None
    sum: Names = Field(default_factory=list)
    avg: Names = Field(default_factory=list)
    min: Names = Field(default_factory=list)
    max: Names = Field(default_factory=list)
    count_distinct: Names = Field(default_factory=list)
    having: Conditions = Field(default_factory=dict)
    sort: Names = Field(default_factory=list)
    limit: Annotated[int, Field(ge=1, le=MAX_ROWS)] = MAX_ROWS

    @field_validator("tz")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None and name not in zoneinfo.available_timezones():
            raise ValueError("must be a time zone of the IANA database, as Europe/Berlin")
        return name

    @property
    def figures(self) -> list[tuple[str, str]]:
        """(function, field) of each figure besides count."""
        return [(function, name) for function in FUNCTIONS for name in getattr(self, function)]


class RecordQuery(Strict):
    """Records as a list shows them."""

    entity: Word
    time_field: Word | None = None
    last: Annotated[str, AfterValidator(_readable)] | None = None
    filter: Conditions = Field(default_factory=dict)
    fields: Annotated[list[Word], Field(min_length=1, max_length=50)]
    sort: Names = Field(default_factory=list)
    limit: Annotated[int, Field(ge=1, le=MAX_ROWS)] = 10


class ActivityQuery(Strict):
    """The newest changes of an entity's records."""

    entity: Word
    activity: Literal[True]
    limit: Annotated[int, Field(ge=1, le=MAX_ROWS)] = 20


class KpiQuery(Strict):
    """A figure about workflows."""

    kpi: Literal["throughput", "approval_time", "bottlenecks", "sla", "pending_by_approver"]
    workflow: Word | None = None
    last: Annotated[str, AfterValidator(_readable)] | None = None


MARKS: Mapping[str, type[Strict]] = {"kpi": KpiQuery, "activity": ActivityQuery, "fields": RecordQuery}
"""The key that only one kind of query has."""


def _kind_of(document: Any) -> str:
    """The kind of query that a document is; a misspelt key counts as the one that was meant."""
    if not isinstance(document, dict):
        return type(document).__name__ if isinstance(document, Strict) else FigureQuery.__name__
    known = [*FigureQuery.model_fields, *MARKS]
    meant = [key if key in known else nearest(key, known) for key in map(str, document)]
    return next((MARKS[key].__name__ for key in meant if key and key in MARKS), FigureQuery.__name__)


Query = Annotated[
    Annotated[FigureQuery, Tag("FigureQuery")]
    | Annotated[RecordQuery, Tag("RecordQuery")]
    | Annotated[ActivityQuery, Tag("ActivityQuery")]
    | Annotated[KpiQuery, Tag("KpiQuery")],
    Discriminator(_kind_of),
]


class Place(Strict):
    """Where a widget lies on the grid of 12 columns, and its size there."""

    x: Annotated[int, Field(ge=0, lt=COLUMNS)] = 0
    y: Annotated[int, Field(ge=0, le=1_000)] = 0
    w: Annotated[int, Field(ge=1, le=COLUMNS)] = 4
    h: Annotated[int, Field(ge=1, le=50)] = 4

    @model_validator(mode="after")
    def _fits(self) -> Place:
        if self.x + self.w > COLUMNS:
            raise error_at("w", f"reaches beyond the {COLUMNS} columns of the grid")
        return self


class Widget(Strict):
    """One figure, chart, table or timeline of a dashboard. `options` are for user interfaces."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
    title: Word
    type: Literal["counter", "bar", "line", "pie", "table", "timeline"]
    query: Query
    options: dict[str, Any] = Field(default_factory=dict)
    layout: Place = Field(default_factory=Place)

    @model_validator(mode="after")
    def _suits(self) -> Widget:
        if isinstance(self.query, RecordQuery) and self.type != "table":
            raise error_at("type", "records are shown by a table")
        if isinstance(self.query, ActivityQuery) != (self.type == "timeline"):
            raise error_at("type", 'a timeline shows activity, {"entity": …, "activity": true}, and nothing else does')
        if self.type in ("bar", "line", "pie") and isinstance(self.query, FigureQuery) and not self.query.group_by:
            raise error_at("query.group_by", f"is required: a {self.type} shows a value for each group")
        return self


class Dashboard(Strict):
    """A dashboard as an operator describes it. Natural key: name. Without `roles` everybody sees it."""

    name: Word
    description: Annotated[str, Field(max_length=2_000)] | None = None
    roles: Annotated[list[Word], Field(max_length=100)] | None = None
    widgets: Annotated[list[Widget], Field(max_length=MAX_WIDGETS)]
    refresh_seconds: Annotated[int, Field(ge=5, le=86_400)] | None = None

    @field_validator("widgets")
    @classmethod
    def _different_ids(cls, widgets: list[Widget]) -> list[Widget]:
        if twice := first_duplicate([widget.id for widget in widgets]):
            raise error_at(f"{twice[0]}.id", f"there is another widget {twice[1]}")
        return widgets
