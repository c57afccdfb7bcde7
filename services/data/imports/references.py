"""Finds the records that rows refer to by another field than the one that the reference holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared.permissions.sql import render
from libs.shared.schema import BadValue, parse_value
from services.data.imports.mapping import ColumnTarget, ImportPlan
from services.data.imports.rows import ImportedRow
from services.data.model import EntityModel, StatementParameters, quote
from services.data.permissions import granted
from services.data.writes.context.write_context import WriteContext

NOTHING: Mapping[tuple[str, Any], int] = {}


async def resolve_references(
    write: WriteContext,
    entity: EntityModel,
    plan: ImportPlan,
    rows: Sequence[ImportedRow],
    earlier: Mapping[tuple[str, Any], int] = NOTHING,
) -> int:
    """Put what rows refer to into their bodies, or reasons why it can't be found.

    Returns how many of the rows can be written together: one that may refer to an earlier one of them begins the next
    batch, when that is stored. `earlier` says, for a dry run, in which row of the file a value first stands, by its
    field; a row that refers to an earlier one `rests_on_file`.
    """
    together = len(rows)
    for target in plan.references:
        assert target.link is not None and target.by is not None, "only references have a field to look for"
        wanted = {n: value for n, row in enumerate(rows) if (value := _wanted(target, row)) is not None}
        found = await _find(write, target, list(set(wanted.values())))
        is_own = target.link.entity == entity.name
        for place, value in wanted.items():
            if is_own and value not in found and _is_above(target, rows[:place], value):
                together = min(together, place)
            row = rows[place]
            if is_own and value not in found and earlier.get((target.by.name, value), row.number) < row.number:
                row.rests_on_file = True
            else:
                _settle(target, row, found.get(value))
    return min(together, _first_reference_within(entity, rows))


def _wanted(target: ColumnTarget, row: ImportedRow) -> Any:
    """The parsed value that a row looks for; a reason if no record can have it."""
    assert target.by is not None, "only references have a field to look for"
    if row.reasons or target.field.name not in row.lookups:
        return None
    try:
        return parse_value(target.by, row.lookups[target.field.name])
    except BadValue as problem:
        row.reasons.append({"field": target.field.name, "rule": "type", "message": f"{target.by.name} {problem}"})
        return None


async def _find(write: WriteContext, target: ColumnTarget, values: Sequence[Any]) -> dict[Any, tuple[str, int]]:
    """Value → what records with it are referred to by, and their number. Only records that the caller may read."""
    assert target.link is not None and target.by is not None, "only references have a field to look for"
    parent = write.model.entity(target.link.entity)
    grant = granted(parent, "read", write.caller)
    if grant is None or not values:
        return {}
    parameters = StatementParameters(list(values))
    column, seen = f"_s.{quote(target.by.name)}", grant.condition("_s", parameters)
    if grant.profile is not None:
        for name in (target.by.name, target.link.other):
            access = grant.profile.access.get(name)
            if access is None:
                return {}
            seen += f" AND {render(access.clear.text, '_s', 1)}"
    other = f"to_json(_s.{quote(target.link.other)}) #>> '{{}}'"
    sql = (
        f"SELECT {column} AS value, min({other}) AS target, count(*) AS records FROM {parent.table} _s "
        f"WHERE {column} = ANY($1::{parent.column_type(target.by.name)}[]) AND {parent.alive('_s')} AND {seen} "
        f"AND _s.{quote(target.link.other)} IS NOT NULL GROUP BY {column}"
    )
    rows = await write.database.fetch(sql, *parameters.values)
    return {row["value"]: (row["target"], row["records"]) for row in rows}


def _settle(target: ColumnTarget, row: ImportedRow, found: tuple[str, int] | None) -> None:
    assert target.link is not None and target.by is not None, "only references have a field to look for"
    name, parent, by = target.field.name, target.link.entity, target.by.name
    if found is None:
        row.reasons.append({"field": name, "rule": "reference", "message": f"refers to no {parent} by {by}"})
    elif found[1] > 1:
        message = f"refers to {found[1]} {parent} records with the same {by}"
        row.reasons.append({"field": name, "rule": "reference", "message": message})
    else:
        row.body[name] = found[0]


def _is_above(target: ColumnTarget, above: Sequence[ImportedRow], value: Any) -> bool:
    """Whether an earlier row of the batch has the value that is looked for."""
    assert target.by is not None, "only references have a field to look for"
    return any(_same(target, row.body.get(target.by.name), value) for row in above if not row.reasons)


def _same(target: ColumnTarget, sent: Any, value: Any) -> bool:
    assert target.by is not None, "only references have a field to look for"
    try:
        return sent is not None and parse_value(target.by, sent) == value
    except BadValue:
        return False


def _first_reference_within(entity: EntityModel, rows: Sequence[ImportedRow]) -> int:
    """The first row that refers to an earlier one of the batch by what the reference holds, such as a chosen key."""
    for link in entity.references:
        if link.entity != entity.name:
            continue
        above: set[str] = set()
        for place, row in enumerate(rows):
            if row.body.get(link.own) is not None and str(row.body[link.own]) in above:
                return place
            if row.body.get(link.other) is not None:
                above.add(str(row.body[link.other]))
    return len(rows)
