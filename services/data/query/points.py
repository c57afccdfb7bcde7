"""Statements that answer single records, several at a time."""

from __future__ import annotations

from services.data.model import EntityModel, Model, quote
from services.data.query.compiler import Compiler
from services.data.query.shapes import Point
from services.data.query.sources import sources_of


def reserved_slots(entity: EntityModel, by_slug: bool) -> int:
    """How many lists of key parts come before a point's own values."""
    return 1 if by_slug else len(entity.key.fields)


def points_sql(model: Model, entity: EntityModel, point: Point) -> str:
    """Records by lists of keys: columns n (place of the key), schema_version, version, record (both may be null)."""
    compiler = Compiler(model, sources_of(point.chosen.as_of))
    columns, kinds = _handle(entity, point.by_slug)
    keys = ", ".join(f"k{n}" for n in range(len(columns)))
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(kinds, 1))
    same = " AND ".join(f"_r.{quote(column)} = _k.k{n}" for n, column in enumerate(columns))
    record = f"SELECT row_to_json(_x)::text FROM (SELECT {compiler.shown(entity, '_r', point.shown)}) _x"
    return compiler.sources.statement(
        f"SELECT _k.n, _v.version AS schema_version, _r._version AS version, ({record}) AS record "
        f"FROM metadata.schema_version _v "
        f"CROSS JOIN unnest({arrays}) WITH ORDINALITY AS _k({keys}, n) "
        f"LEFT JOIN {compiler.sources.entity(entity)} _r ON {same} AND {compiler.chosen(entity, '_r', point.chosen)}"
    )


def _handle(entity: EntityModel, by_slug: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns that identify a record, and their types."""
    if not by_slug:
        return entity.key.names, entity.key.types
    assert entity.definition.slug is not None, "asked for entities with a slug only"
    return (entity.definition.slug.field,), ("text",)
