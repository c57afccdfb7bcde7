"""The statement that answers an aggregate."""

from __future__ import annotations

from itertools import groupby

from services.data.model import EntityModel, Model
from services.data.query.aggregates import Aggregate, Figure, Group, HavingTest, result_field
from services.data.query.compiler import Compiler
from services.data.query.lists import JSON_RECORDS, VERSION
from services.data.query.predicates import column_sql
from services.data.query.shapes import Visible
from services.data.query.sources import sources_of

Way = tuple[str, str, Visible, Visible]
"""A related row: its name, the link to it, and what the caller may see here and there."""


def aggregate_sql(model: Model, entity: EntityModel, aggregate: Aggregate) -> str:
    """One page of groups: columns schema_version, total (groups), records (JSON list as text)."""
    compiler = Compiler(model, sources_of(model, aggregate.criteria.as_of))
    where = compiler.matches(entity, "_r", aggregate.criteria)
    joins = "".join(compiler.related_row(entity, "_r", *way) for way in _ways(aggregate))
    columns = _columns(compiler, entity, aggregate)
    groups = f"SELECT {columns} FROM {compiler.sources.root(entity)} _r{joins} WHERE {where}"
    if aggregate.groups:
        numbers = range(1, len(aggregate.groups) + 1)  # by place: two texts for one value need not look the same
        groups += f" GROUP BY {', '.join(map(str, numbers))}"
    if aggregate.having:
        tests = (_having_sql(compiler, entity, aggregate, test) for test in aggregate.having)
        groups += f" HAVING {' AND '.join(tests)}"
    order = _order(aggregate)
    page = (
        f"SELECT {_shown(aggregate)} AS _j FROM _groups _g {order}"
        f" LIMIT ${aggregate.limit}::bigint OFFSET ${aggregate.offset}::bigint"
    )
    total, most = "count(*)", model.bounds.groups
    if aggregate.groups:
        groups += f" LIMIT {most + 1}"
        total = f"CASE WHEN count(*) <= {most} THEN count(*) ELSE data.too_large()::text::bigint END"
    return compiler.statement(
        f"SELECT {VERSION} AS schema_version, (SELECT {total} FROM _groups) AS total, "
        f"(SELECT {JSON_RECORDS} FROM {model.bounds.rows(page)}) AS records",
        f"_groups AS MATERIALIZED ({groups})",
    )


def _columns(compiler: Compiler, entity: EntityModel, aggregate: Aggregate) -> str:
    columns = [f"{_group_sql(compiler, entity, aggregate, g)} AS _g{n}" for n, g in enumerate(aggregate.groups)]
    columns += [f"{_figure_sql(compiler, entity, aggregate, f)} AS _f{n}" for n, f in enumerate(aggregate.figures)]
    return ", ".join(columns)


def _ways(aggregate: Aggregate) -> list[Way]:
    """The ways to related records that groups are made by, each once."""
    found = dict.fromkeys((g.link, g.there) for g in aggregate.groups if g.link)
    return [(f"_to{n}", link, aggregate.criteria.visible, there) for n, (link, there) in enumerate(found)]


def _group_sql(compiler: Compiler, entity: EntityModel, aggregate: Aggregate, group: Group) -> str:
    """What records of a group have in common; dates are cut off in the time zone that is asked for."""
    row, visible = "_r", aggregate.criteria.visible
    if group.link:
        row = next(way[0] for way in _ways(aggregate) if way[1] == group.link)
        entity, visible = compiler.beyond(entity, group.link), group.there
    column = compiler.value(entity, row, group.field, visible)
    if not group.part:
        return column
    if entity.fields[group.field].type == "date":
        return f"date_trunc('{group.part}', {column}::timestamp)::date"
    zone = f"${aggregate.zone}::text" if aggregate.zone else "'UTC'"
    if group.part == "hour":
        return f"date_trunc('hour', {column}, {zone})"
    return f"date_trunc('{group.part}', {column} AT TIME ZONE {zone})::date"


def _figure_sql(compiler: Compiler, entity: EntityModel, aggregate: Aggregate, figure: Figure) -> str:
    if not figure.field:
        return "count(*)"
    value = compiler.value(entity, "_r", figure.field, aggregate.criteria.visible)
    return f"count(DISTINCT {value})" if figure.function == "count_distinct" else f"{figure.function}({value})"


def _having_sql(compiler: Compiler, entity: EntityModel, aggregate: Aggregate, test: HavingTest) -> str:
    kind = result_field(entity, test.figure).column_type.partition("(")[0]
    figure = _figure_sql(compiler, entity, aggregate, test.figure)
    return column_sql(figure, kind, test.operator, lambda kind: f"${test.slot}::{kind}")


def _order(aggregate: Aggregate) -> str:
    """ORDER BY, with nulls before every value as in lists; nothing to order without groups."""
    columns = {group.label: f"_g{n}" for n, group in enumerate(aggregate.groups)}
    columns |= {figure.label: f"_f{n}" for n, figure in enumerate(aggregate.figures)}
    parts = [f"_g.{columns[name]} {'DESC NULLS LAST' if down else 'ASC NULLS FIRST'}" for name, down in aggregate.sort]
    return f"ORDER BY {', '.join(parts)}" if parts else ""


def _shown(aggregate: Aggregate) -> str:
    """A group as JSON: its values under their names, then the figures by function and field."""
    pairs = [f"'{group.label}', _g._g{n}" for n, group in enumerate(aggregate.groups)]
    numbered = [(figure, f"_g._f{n}") for n, figure in enumerate(aggregate.figures)]
    for function, figures in groupby(numbered, key=lambda pair: pair[0].function):
        columns = [f"'{figure.field}', {column}" if figure.field else column for figure, column in figures]
        value = columns[0] if function == "count" else f"json_build_object({', '.join(columns)})"
        pairs.append(f"'{function}', {value}")
    return f"json_build_object({', '.join(pairs)})"
