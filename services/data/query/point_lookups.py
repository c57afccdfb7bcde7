"""Statements that look up single records, several at a time."""

from __future__ import annotations

from typing import Any

from services.data.model import EntityModel, Model, PointStatement
from services.data.query.compiler import Compiler
from services.data.query.shapes import Point
from services.data.query.sources import sources_of


def lookup_values(entity: EntityModel, text: str, by_slug: bool, past: bool) -> tuple[Any, ...]:
    """The values that identify the record of a URL: slug or key, and in the past also its id in the log.

    Raises NOT_FOUND for what can't be one. The point's own values follow as many lists of these.
    """
    if by_slug:
        return (entity.slug_of(text),)
    key = entity.key.parse(text)
    return (*key, entity.key.text(key)) if past else key


def point_statement(model: Model, entity: EntityModel, point: Point) -> PointStatement:
    """The statement of a point."""
    return PointStatement(lambda places: points_sql(model, entity, point, places))


def points_sql(model: Model, entity: EntityModel, point: Point, places: int) -> str:
    """Records by lists of at most so many keys: columns n (place of the key), schema_version, version, record (both
    may be null).

    The keys are picked from their lists one by one, so that PostgreSQL knows their number when it plans. For a list it
    would guess, and plan each execution again, which costs several times the execution.
    """
    columns, kinds = _handle(entity, point.by_slug)
    as_of = point.criteria.as_of
    ids = len(columns) + 1 if as_of and not point.by_slug else 0
    compiler = Compiler(model, sources_of(model, as_of, ids))
    keys = ", ".join(f"_k{n}" for n in range(len(columns)))
    lists = [f"${n}::{kind}[]" for n, kind in enumerate(kinds, 1)]
    arrays = ", ".join(f"ARRAY[{', '.join(f'({each})[{n}]' for n in range(1, places + 1))}]" for each in lists)
    given = f" WHERE _k._n <= cardinality({lists[0]})" if places > 1 else ""
    values = [compiler.value(entity, "_r", column, point.criteria.visible) for column in columns]
    same = " AND ".join(f"{value} = _k._k{n}" for n, value in enumerate(values))
    value, forms = compiler.select(entity, "_r", point.output, point.criteria.visible).objects()
    record = f"(SELECT to_json({value})::text {forms})"
    if point.output.includes:
        record = model.bounds.record(f"SELECT to_json({value})::text AS _j {forms}")
    return compiler.statement(
        f"SELECT _k._n AS n, _v.version AS schema_version, _r._version AS version, "
        f"{record} AS record "
        f"FROM metadata.schema_version _v "
        f"CROSS JOIN unnest({arrays}) WITH ORDINALITY AS _k({keys}, _n) "
        f"LEFT JOIN {compiler.sources.root(entity)} _r ON {same} AND {compiler.matches(entity, '_r', point.criteria)}"
        f"{given}"
    )


def _handle(entity: EntityModel, by_slug: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns that identify a record, and their types."""
    if not by_slug:
        return entity.key.names, entity.key.types
    assert entity.definition.slug is not None, "asked for entities with a slug only"
    return (entity.definition.slug.field,), ("text",)
