"""Counts the rows that violate a change: they prevent it, or are refused when they are next written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from libs.shared import exact
from libs.shared.schema import FieldDefinition
from libs.shared.schema.fields import TEXTS
from services.metadata.editing.change import Change
from services.metadata.model.identifiers import table_of
from services.metadata.model.schema import LiveEntity
from services.metadata.planning.indexes import TableIndex, wanted_indexes
from services.metadata.store import counting
from services.metadata.tables import acyclic

Violation = dict[str, Any]
Columns = Mapping[int, str]
"""A field's id → its column before the change."""


async def violations_of(change: Change, before: Mapping[int, LiveEntity]) -> AsyncIterator[Violation]:
    """Count the rows that violate a change; `before` are the entities by number, as their tables still are."""
    for live in change.schema.entities.values():
        old = before.get(live.row.number)
        if old is None:
            continue
        columns = {entry["id"]: column for column, entry in old.row.ids.items()}
        for find in (_unindexable, _narrowed, _circling):
            async for violation in find(change, live, old, columns):
                yield violation


async def _unindexable(change: Change, live: LiveEntity, old: LiveEntity, columns: Columns) -> AsyncIterator[Violation]:
    """Rows that a new index excludes: with equal values, or with too long ones."""
    name, table = live.definition.name, table_of(old.definition.table)
    had = wanted_indexes(change.schema_before, old.definition.name)
    for index in wanted_indexes(change.schema, name).values():
        column = columns.get(live.field_id(index.field))
        if index.name in had or column is None:
            continue
        if index.unique and (rows := await _duplicates(change, old, column, index)):
            yield {"entity": name, "field": index.field, "rule": "unique", "rows": rows}
        if rows := await counting.count_long(change.transaction, table, column):
            yield {"entity": name, "field": index.field, "rule": "limit", "rows": rows}


async def _narrowed(change: Change, live: LiveEntity, old: LiveEntity, columns: Columns) -> AsyncIterator[Violation]:
    """Rows with values that fields would not accept any more."""
    for field in live.definition.fields:
        column = columns.get(live.field_id(field.name))
        if column is None:
            continue
        was = next((f for f in old.definition.fields if f.name == column), None)
        for rule, rows in await _misfits(change, table_of(old.definition.table), column, field, was):
            if rows:
                yield {"entity": live.definition.name, "field": field.name, "rule": rule, "rows": rows}


async def _circling(change: Change, live: LiveEntity, old: LiveEntity, columns: Columns) -> AsyncIterator[Violation]:
    """Rows that are their own ancestors, or below one that is, by a relation that is acyclic from now on."""
    name = live.definition.name
    for relation in (each.relation for each in change.schema.relations.values()):
        if relation.number in change.to_check_acyclic and relation.acyclic and relation.target == name:
            own, up = (columns.get(live.field_id(field)) for field in (relation.source_key, relation.target_key))
            if own and up and (rows := await acyclic.count(change.transaction, old, own, up)):
                yield {"entity": name, "field": relation.target_key, "rule": "acyclic", "rows": rows}


async def _misfits(
    change: Change, table: str, column: str, field: FieldDefinition, was: FieldDefinition | None
) -> list[tuple[str, int]]:
    found = []
    if field.required and not field.nullable and not (was and was.required and not was.nullable):
        found.append(("required", await counting.count_missing(change.transaction, table, column)))
    if field.type in TEXTS and was is not None and field.longest < was.longest:
        rows = await counting.count_longer(change.transaction, table, column, field.longest)
        found.append(("max_length", rows))
    if field.enum is not None and (was is None or was.enum != field.enum):
        allowed = exact.dumps(field.enum).decode()
        found.append(("enum", await counting.count_others(change.transaction, table, column, allowed)))
    return found


async def _duplicates(change: Change, old: LiveEntity, column: str, index: TableIndex) -> int:
    alive_only = index.alive_only and old.definition.soft_delete
    return await counting.count_duplicates(change.transaction, table_of(old.definition.table), column, alive_only)
