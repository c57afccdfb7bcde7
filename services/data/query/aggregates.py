"""Parses `_aggregate`: figures about records, in groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from libs.shared.nearest import unknown
from libs.shared.paging import Page, page_of
from libs.shared.schema import BadValue, FieldDefinition
from libs.shared.schema.figures import FUNCTIONS, MAX_FIGURES, MAX_GROUPS, PARTS, UNORDERED_TYPES
from services.data.model import EntityModel
from services.data.query.includes import split_names
from services.data.query.parameters import Pairs, parse_criteria
from services.data.query.predicates import LISTED, NULLS, ORDERED, parse_comparison, slotted
from services.data.query.scope import Scope, refused, unknown_field
from services.data.query.shapes import Criteria, Visible

HAVING = re.compile(r"having\[([^\]]*)\]")
OPERATORS = frozenset(("eq", "neq", *ORDERED, *LISTED, *NULLS, "between"))
MAX_HAVING = 20
COUNT = FieldDefinition(name="count", type="bigint")
NUMBER = FieldDefinition(name="number", type="decimal")


class Group(NamedTuple):
    """Records with the same value of a field, or of a part of its dates.

    With `link` it is a field of the one related record, as far as the caller may see that (`there`).
    """

    field: str
    part: str = ""
    link: str = ""
    there: Visible = None

    @property
    def label(self) -> str:
        return ".".join(filter(None, (self.link, self.field, self.part)))


class Figure(NamedTuple):
    """A function of a field's values; count has no field."""

    function: str
    field: str = ""

    @property
    def label(self) -> str:
        return f"{self.function}.{self.field}" if self.field else self.function


class HavingTest(NamedTuple):
    """Groups with a figure for which the test holds."""

    figure: Figure
    operator: str
    slot: int


class Aggregate(NamedTuple):
    """Figures about records, by group. `sort` names groups and figures by their labels.

    `zone` is the slot of the time zone whose days, months and hours are meant, or 0 for UTC.
    """

    criteria: Criteria
    groups: tuple[Group, ...]
    figures: tuple[Figure, ...]
    having: tuple[HavingTest, ...]
    sort: tuple[tuple[str, bool], ...]
    limit: int
    offset: int
    zone: int = 0


@dataclass(frozen=True, slots=True)
class AggregateQuery:
    """A parsed request for an aggregate."""

    aggregate: Aggregate
    page: Page


def parse_aggregate(scope: Scope, entity: EntityModel, pairs: Pairs, as_of: int | None = None) -> AggregateQuery:
    """Raises UNKNOWN_FIELD, INVALID_PAYLOAD or FORBIDDEN. Without other figures, records are counted."""
    values = dict(pairs)
    criteria = parse_criteria(scope, entity, pairs, values, as_of)
    groups = _groups(scope, entity, values.get("group_by", ""))
    figures = _figures(scope, entity, values)
    for group in groups:
        if group.label in {figure.function for figure in figures}:
            raise refused("group_by", f"{group.label} would be output twice")
    having = _having(scope, entity, pairs)
    sort = _sort(values.get("sort", ""), groups, figures)
    page = page_of(values)
    limit, offset, zone = scope.slot(page.size), scope.slot(page.offset), _zone(scope, values)
    shape = Aggregate(criteria, groups, figures, having, sort, limit, offset, zone)
    return AggregateQuery(shape, page)


def result_field(entity: EntityModel, figure: Figure) -> FieldDefinition:
    """What values a figure has, as if it were a field."""
    if figure.function in ("count", "count_distinct"):
        return COUNT
    field = entity.fields[figure.field]
    return NUMBER if figure.function in ("sum", "avg") and field.type != "float" else field


def _groups(scope: Scope, entity: EntityModel, text: str) -> tuple[Group, ...]:
    names = dict.fromkeys(split_names(text))
    if len(names) > MAX_GROUPS:
        raise refused("group_by", f"names more than {MAX_GROUPS} fields")
    return tuple(_group(scope, entity, name) for name in names)


def _group(scope: Scope, entity: EntityModel, name: str) -> Group:
    """A field, a part of its dates, or either of a related record: `status`, `created_at.month`, `supplier.name`."""
    first, _, rest = name.partition(".")
    if first in scope.fields(entity) or not rest:
        return _group_of(scope, entity, name, name)
    link = scope.link(entity, first)
    if link is None:
        raise unknown_field(name, f"{first} is neither a field nor a relation to one record")
    if link.many:
        raise refused("group_by", f"{first} leads to many records: {name} has no single value")
    beyond = scope.beyond(link)
    return _group_of(scope, beyond, rest, name)._replace(link=first, there=scope.visible(beyond))


def _group_of(scope: Scope, entity: EntityModel, name: str, shown: str) -> Group:
    field_name, _, part = name.partition(".")
    field = scope.fields(entity).get(field_name)
    if field is None or field.type in UNORDERED_TYPES:
        raise unknown_field(shown, "can't be grouped by")
    if part and field.type not in PARTS.get(part, ()):
        known = [each for each, types in PARTS.items() if field.type in types]
        has = f"a {field.type} has {', '.join(known)}" if known else f"a {field.type} has no parts"
        raise refused(shown, f"is no part of {field_name}; {has}")
    return Group(field_name, part)


def _zone(scope: Scope, values: Mapping[str, str]) -> int:
    """The slot of the time zone. Raises INVALID_PAYLOAD for names that are not in the IANA database."""
    if "tz" not in values:
        return 0
    name = values["tz"].strip()
    if name not in available_timezones():
        raise refused("tz", unknown(name, available_timezones()))
    return scope.slot(name)


def _figures(scope: Scope, entity: EntityModel, values: Mapping[str, str]) -> tuple[Figure, ...]:
    figures = []
    if "count" in values:
        if values["count"].strip() not in ("*", ""):
            raise refused("count", "must be *")
        figures.append(Figure("count"))
    for function in FUNCTIONS:
        names = dict.fromkeys(split_names(values.get(function, "")))
        figures += [_figure(scope, entity, function, name) for name in names]
    if len(figures) > MAX_FIGURES:
        raise refused(", ".join(FUNCTIONS), f"are more than {MAX_FIGURES} figures")
    return tuple(figures) or (Figure("count"),)


def _figure(scope: Scope, entity: EntityModel, function: str, name: str) -> Figure:
    field = scope.fields(entity).get(name)
    if field is None:
        raise unknown_field(name)
    if field.type not in FUNCTIONS[function]:
        raise refused(name, f"has no {function}")
    return Figure(function, name)


def _having(scope: Scope, entity: EntityModel, pairs: Pairs) -> tuple[HavingTest, ...]:
    found = [(match[1], value) for name, value in pairs if (match := HAVING.fullmatch(name))]
    if len(found) > MAX_HAVING:
        raise refused("having", f"is given more than {MAX_HAVING} times")
    return tuple(_having_test(scope, entity, name, value) for name, value in found)


def _having_test(scope: Scope, entity: EntityModel, name: str, text: str) -> HavingTest:
    function, *rest = name.split(".")
    if function == "count":
        figure = Figure("count")
    elif function in FUNCTIONS and rest:
        figure = _figure(scope, entity, function, rest.pop(0))
    else:
        raise unknown_field(name, "unknown figure")
    operator = ".".join(rest) or "eq"
    if operator not in OPERATORS:
        raise refused(name, f"has an unknown operator: {operator}")
    try:
        test = slotted(parse_comparison(result_field(entity, figure), operator, text), scope.slot)
    except BadValue as problem:
        raise refused(name, problem) from None
    return HavingTest(figure, test.operator, test.slot)


def _sort(text: str, groups: tuple[Group, ...], figures: tuple[Figure, ...]) -> tuple[tuple[str, bool], ...]:
    """The requested order, then by groups, so that the order is total."""
    known = {group.label for group in groups} | {figure.label for figure in figures}
    sort: dict[str, Any] = {}
    for part in split_names(text):
        name = part.lstrip("+-")
        if name not in known:
            raise unknown_field(name, "is neither a group nor a figure of this aggregate")
        sort.setdefault(name, part.startswith("-"))
    return tuple((sort | {group.label: False for group in groups if group.label not in sort}).items())
