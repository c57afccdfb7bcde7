"""Loads the related records that rules read: for all drafts at once, one query per load."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Connection, Database
from libs.shared.schema import BadValue
from libs.shared.schema.rules import parse_filter
from services.data.model import EntityModel, Link, Model, StatementParameters, quote
from services.data.query.predicates import OPERATORS, FieldComparison, compare
from services.data.rules import Load
from services.data.writes.context.drafts import Draft

MAX_LOADED_RECORDS = 50_000
"""Related records that one load brings for all drafts of a request."""
Related = dict[Load, Sequence[dict[str, Any]]]
Unloadable = dict[Load, str]
"""Loads that can't be made, and why not."""


async def load_related(
    connection: Connection | Database,
    model: Model,
    entity: EntityModel,
    loads: Sequence[Load],
    drafts: Sequence[Draft],
    *,
    holds: bool = True,
) -> tuple[list[Related], Unloadable]:
    """For each draft, the live records at the other end of each load's relation, filtered, in key order.

    They are locked FOR SHARE: what a rule has read must still hold when the write that it allowed is committed.
    Without `holds` they are not locked, as the caller holds a lock that every change of them needs first.

    A load with an unknown relation or filter is returned as unloadable, with the reason; an empty list would decide
    wrongly. So would a part of the records: raises VALIDATION_FAILED where there are too many.
    """
    related: list[Related] = [{} for _ in drafts]
    unloadable: Unloadable = {}
    for load in loads:
        link = entity.link(load.relation)
        if link is None:
            unloadable[load] = f"{entity.name} has no relation {load.relation}"
            continue
        try:
            comparisons = _comparisons(model.entity(link.entity), load)
        except BadValue as problem:
            unloadable[load] = f"the filter of {load.relation} can't be read: {problem}"
            continue
        found = await _load(connection, model, entity, link, load, comparisons, drafts, holds)
        for own, draft in zip(related, drafts, strict=True):
            own[load] = found.get(_own(link, draft), [])
    return related, unloadable


async def _load(
    connection: Connection | Database,
    model: Model,
    entity: EntityModel,
    link: Link,
    load: Load,
    comparisons: Sequence[FieldComparison],
    drafts: Sequence[Draft],
    holds: bool,
) -> dict[str | None, list[dict[str, Any]]]:
    other = model.entity(link.entity)
    values = list({own for draft in drafts if (own := _own(link, draft)) is not None})
    parameters = StatementParameters(values)
    conditions = [compare(comparison, "_r", parameters) for comparison in comparisons]
    source, own = _joined(link, other)
    # The values are known as text here; the array is cast to the type of the column.
    sql = (
        f"SELECT {own}::text AS own, {other.json('_r')} AS record FROM {source} "
        f"WHERE {own} = ANY($1::text[]::{entity.column_type(link.own)}[]) AND "
        f"{' AND '.join([other.alive('_r'), *conditions])} ORDER BY {', '.join(other.key.columns('_r'))} "
        f"LIMIT {MAX_LOADED_RECORDS + 1}{' FOR SHARE OF _r' if holds else ''}"
    )
    rows = await connection.fetch(sql, *parameters.values)
    if len(rows) > MAX_LOADED_RECORDS:
        advice = ": write fewer rows at once" if len(values) > 1 else ""
        message = f"The rules need more than {MAX_LOADED_RECORDS} records of {load.relation}{advice}"
        raise RocketError("VALIDATION_FAILED", message)
    found: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["own"]].append(exact.loads(row["record"]))
    return found


def _joined(link: Link, other: EntityModel) -> tuple[str, str]:
    """The FROM of the related rows `_r`, and the column that relates them to the drafts."""
    if not link.relation.joined:
        return f"{other.table} _r", f"_r.{quote(link.other)}"
    table = f"records.{quote(link.relation.join_table)}"
    return (
        f"{other.table} _r JOIN {table} _j ON _j.{quote(link.other_join)} = _r.{quote(link.other)}",
        f"_j.{quote(link.own_join)}",
    )


def _own(link: Link, draft: Draft) -> str | None:
    """The value that a draft's record is related by, as text."""
    value = draft.values.get(link.own)
    if link.own not in draft.values and draft.stored is not None:
        value = draft.stored.record.get(link.own)
    return None if value is None else str(value)


def _comparisons(other: EntityModel, load: Load) -> list[FieldComparison]:
    comparisons = [FieldComparison(*parse_filter(name, value, other.fields)) for name, value in load.filters.items()]
    for comparison in comparisons:
        if comparison.operator not in OPERATORS:
            raise BadValue(f"there is no operator {comparison.operator}")
    return comparisons
