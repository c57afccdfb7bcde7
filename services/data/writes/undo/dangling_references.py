"""References to records that an undo removes: looked for when all is done, as the order of its steps does not matter.

Records that are referred to are locked against deletion; those that were deleted are locked already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.schema import parse_value
from services.data.model import EntityModel, KeyValue, Link, quote
from services.data.writes.consequences.deletion import stored_value
from services.data.writes.statements.join_tables import JoinTable
from services.data.writes.statements.locking import Stored, join_keys, key_arrays, lock_related
from services.data.writes.statements.unit_of_work import UnitOfWork
from services.data.writes.undo.inverses import Inverse, InverseKind

Problem = tuple[str, str, str]
"""Entity, record id, reason."""


async def missing_parents(unit: UnitOfWork, wave: Sequence[Inverse]) -> list[Problem]:
    """The records of a wave that now refer to records that do not exist."""
    entity = wave[0].entity
    problems: list[Problem] = []
    for link in entity.references:
        if wave[0].kind is InverseKind.UPDATE and link.own not in wave[0].columns:
            continue
        for record_id in await dangling(unit, entity, link, [step.key for step in wave]):
            problems.append((entity.name, record_id, f"the {link.entity} that {link.own} refers to is gone"))
    return problems


async def dangling(unit: UnitOfWork, entity: EntityModel, link: Link, keys: Sequence[KeyValue]) -> list[str]:
    """The ids of those live records of these keys whose reference leads nowhere. What the others refer to is locked."""
    table, alive = entity.parent(link)
    rows = f"{entity.table} _r {join_keys(entity)}"
    parent = f"_s.{quote(link.other)}"
    own = f"_r.{quote(link.own)}"
    values = key_arrays(keys)
    lock = f"SELECT FROM {table} _s WHERE {parent} IN (SELECT {own} FROM {rows}) AND {alive} FOR KEY SHARE OF _s"
    await unit.transaction.execute(lock, *values)
    sql = (
        f"SELECT {entity.key.sql_text('_r')} AS key FROM {rows} WHERE {entity.alive('_r')} AND {own} IS NOT NULL "
        f"AND NOT EXISTS (SELECT FROM {table} _s WHERE {parent} = {own} AND {alive})"
    )
    return [row["key"] for row in await unit.transaction.fetch(sql, *values)]


async def left_behind(unit: UnitOfWork, wave: Sequence[Inverse], before: dict[KeyValue, Stored]) -> list[Problem]:
    """The live records, and pairs, that refer to values which records of a wave have given up."""
    entity = wave[0].entity
    problems: list[Problem] = []
    for link in entity.links:
        if link.outward or (link.relation.joined and not entity.soft_delete):
            values = [value for step in wave if (value := _given_up(entity, link, step, before)) is not None]
            problems += await _referring(unit, entity, link, values) if values else []
    return problems


def _given_up(entity: EntityModel, link: Link, step: Inverse, before: dict[KeyValue, Stored]) -> Any:
    """The value by which others could refer to a record before, and no longer can."""
    stored = before.get(step.key)
    if stored is None or stored.record.get(link.own) is None:
        return None
    kept = (
        step.kind is InverseKind.UPDATE
        and step.document.get(link.own, stored.record[link.own]) == stored.record[link.own]
    )
    return None if kept else stored_value(entity.fields[link.own], stored)


async def _referring(unit: UnitOfWork, entity: EntityModel, link: Link, values: Sequence[Any]) -> list[Problem]:
    if link.relation.joined:
        join = JoinTable(unit, link.relation)
        pairs = await (join.others(values) if link.outward else join.of_targets(values))
        return [(link.relation.join_table, f"{a},{b}", f"it belongs to this {entity.name}") for a, b in pairs]
    target = unit.model.entity(link.entity)
    related = await lock_related(unit.transaction, target, link.other, values)
    return [(target.name, target.key.text(key), f"it belongs to this {entity.name}") for key in related]


async def missing_ends(unit: UnitOfWork, wave: Sequence[Inverse]) -> list[Problem]:
    """The attached pairs of a wave of which one end does not exist."""
    relation = wave[0].relation
    problems: list[Problem] = []
    for place, name, column in (
        ("1", relation.source, relation.source_key),
        ("2", relation.target, relation.target_key),
    ):
        entity = unit.model.entity(name)
        values = {step.record_id: parse_value(entity.fields[column], step.document[place]) for step in wave}
        sql = (
            f"SELECT _s.{quote(column)} AS value FROM {entity.table} _s WHERE "
            f"_s.{quote(column)} = ANY($1::{entity.column_type(column)}[]) AND {entity.alive('_s')} FOR KEY SHARE OF _s"
        )
        there = {row["value"] for row in await unit.transaction.fetch(sql, list(set(values.values())))}
        problems += [
            (relation.join_table, pair, f"its {name} is gone") for pair, value in values.items() if value not in there
        ]
    return problems
