"""Dashboards: the entities, fields and workflows that their widgets name. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from libs.shared.schema import DELETED, EntityDefinition
from libs.shared.schema.dashboards import ActivityQuery, Dashboard, FigureQuery, KpiQuery, RecordQuery
from libs.shared.schema.figures import FUNCTIONS, PARTS, UNORDERED_TYPES
from libs.shared.schema.links import Link, find_link
from libs.shared.schema.validation_errors import suggestion
from services.metadata.checking.references.names import Problem, Problems, fields_of, unknown_entity, unknown_field
from services.metadata.model.schema import LiveSchema

TIMES = ("date", "timestamp")


def problems_of(dashboard: Dashboard, schema: LiveSchema) -> Problems:
    """What widgets name that is not there, or can't be counted, grouped or sorted by."""
    for number, widget in enumerate(dashboard.widgets):
        query, path = widget.query, f"widgets.{number}.query"
        if isinstance(query, KpiQuery):
            continue
        if wrong := unknown_entity(schema, query.entity):
            yield f"{path}.entity", wrong
        elif not isinstance(query, ActivityQuery):
            for key, message in _of_query(query, schema):
                yield f"{path}.{key}", message


def _of_query(query: FigureQuery | RecordQuery, schema: LiveSchema) -> Problems:
    entity = schema.entities[query.entity].definition
    if query.time_field is not None:
        yield from _time_field(entity, query.time_field)
    for key in query.filter:
        yield from _condition(key, entity, schema)
    if isinstance(query, FigureQuery):
        yield from _figures(query, entity)
        yield from _groups(query, entity, schema)
        return
    for number, name in enumerate(query.fields):
        yield from _at(f"fields.{number}", unknown_field(entity, name))
    for number, name in enumerate(query.sort):
        yield from _at(f"sort.{number}", unknown_field(entity, name.lstrip("+-")))


def _at(path: str, message: str | None) -> Iterator[Problem]:
    if message:
        yield path, message


def _time_field(entity: EntityDefinition, name: str) -> Problems:
    if wrong := unknown_field(entity, name):
        yield "time_field", wrong
    elif fields_of(entity)[name].type not in TIMES:
        yield "time_field", f"{name} is neither a date nor a timestamp"


def _figures(query: FigureQuery, entity: EntityDefinition) -> Problems:
    for function, names in FUNCTIONS.items():
        for number, name in enumerate(getattr(query, function)):
            yield from _at(f"{function}.{number}", _figure(entity, function, name, names))
    labels = ["count", *(f"{function}.{name}" for function, name in query.figures)]
    for key in query.having:
        figure = next((label for label in labels if key == label or key.startswith(f"{label}.")), None)
        if figure is None:
            yield f"having.{key}", f"is none of the figures {', '.join(labels)}{suggestion(key, labels)}"
    for number, name in enumerate(query.sort):
        known = [*labels, *query.group_by]
        if (bare := name.lstrip("+-")) not in known:
            yield f"sort.{number}", f"{bare} is neither a group nor a figure of this widget{suggestion(bare, known)}"


def _figure(entity: EntityDefinition, function: str, name: str, types: tuple[str, ...]) -> str | None:
    if wrong := unknown_field(entity, name):
        return wrong
    kind = fields_of(entity)[name].type
    return None if kind in types else f"{name} is {kind}, which has no {function}"


def _groups(query: FigureQuery, entity: EntityDefinition, schema: LiveSchema) -> Problems:
    for number, label in enumerate(query.group_by):
        yield from _at(f"group_by.{number}", _group(label, entity, schema))


def _group(label: str, entity: EntityDefinition, schema: LiveSchema) -> str | None:
    """What is wrong with `status`, `created_at.month`, `supplier.name` or `supplier.created_at.month`."""
    first, _, rest = label.partition(".")
    if first not in fields_of(entity) and rest:
        link = _link(first, entity, schema)
        if link is None:
            return f"{entity.name} has neither a field nor a relation {first}"
        if link.many:
            return f"{first} leads to many records: {label} has no single value"
        return _group(rest, schema.entities[link.entity].definition, schema) if rest.count(".") < 2 else "is too deep"
    if wrong := unknown_field(entity, first):
        return wrong
    kind = fields_of(entity)[first].type
    if kind in UNORDERED_TYPES:
        return f"{first} is {kind}, which can't be grouped by"
    if rest and kind not in PARTS.get(rest, ()):
        parts = [part for part, types in PARTS.items() if kind in types]
        return f"{rest} is no part of a {kind}{suggestion(rest, parts)}"
    return None


def _condition(key: str, entity: EntityDefinition, schema: LiveSchema) -> Problems:
    """A key of `filter`: a field, or a way along relations to one, and maybe an operator behind it."""
    first, _, rest = key.partition(".")
    if first in fields_of(entity) or first == DELETED:
        return
    link = _link(first, entity, schema) if rest else None
    if link is None:
        known = fields_of(entity)
        yield f"filter.{key}", f"{entity.name} has no field {first}{suggestion(first, known)}"
        return
    for _, message in _condition(rest, schema.entities[link.entity].definition, schema):
        yield f"filter.{key}", message


def _link(name: str, entity: EntityDefinition, schema: LiveSchema) -> Link | None:
    return find_link(schema.links(entity.name), name)
