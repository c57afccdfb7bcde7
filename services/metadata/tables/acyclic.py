"""Keeps acyclic relations free of cycles: no existing or imported record may be its own ancestor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping

from libs.shared.errors import invalid_field
from libs.shared.postgres.databases import Connection
from libs.shared.schema import Relation
from services.metadata.model.identifiers import table_of
from services.metadata.model.schema import LiveEntity
from services.metadata.store import counting

LOCK = "LOCK TABLE {table} IN SHARE MODE"
"""Running writers have finished, and new ones wait until the schema has its new version."""


async def hold(transaction: Connection, entities: Mapping[str, LiveEntity], relations: Iterable[Relation]) -> None:
    """Keep others from writing to the tables of these relations until the end. Raises LockTaken."""
    for name in sorted({relation.target for relation in relations}):
        await transaction.execute(LOCK.format(table=table_of(entities[name].definition.table)))


async def refuse_cycles(
    transaction: Connection, entities: Mapping[str, LiveEntity], relations: Iterable[Relation]
) -> None:
    """Raises VALIDATION_FAILED for the first relation that can't become acyclic, as it has cycles."""
    async for relation, rows in _cycles(transaction, entities, relations):
        message = (
            f"relation {relation.name} can't be acyclic: by {relation.target_key}, {rows} records of "
            f"{relation.target} lead back to themselves or stand below one that does"
        )
        raise invalid_field("acyclic", message, "acyclic")


async def refuse_imported_cycles(
    transaction: Connection, entities: Mapping[str, LiveEntity], relations: Iterable[Relation]
) -> None:
    """Raises VALIDATION_FAILED naming the field by which imported records have made a cycle."""
    async for relation, rows in _cycles(transaction, entities, relations):
        message = (
            f"sample_data.{relation.target}: {relation.target_key} must not lead back to the record itself, as "
            f"{relation.name} is acyclic; {rows} records would do so or stand below one that does"
        )
        raise invalid_field(relation.target_key, message, "acyclic")


async def _cycles(
    transaction: Connection, entities: Mapping[str, LiveEntity], relations: Iterable[Relation]
) -> AsyncIterator[tuple[Relation, int]]:
    """The relations with cycles, and how many records are in them or below them."""
    for relation in relations:
        if rows := await count(transaction, entities[relation.target], relation.source_key, relation.target_key):
            yield relation, rows


async def count(transaction: Connection, live: LiveEntity, own: str, up: str) -> int:
    """How many live records are their own ancestors, or below one that is."""
    table = table_of(live.definition.table)
    return await counting.count_circling(transaction, table, own, up, live.definition.soft_delete)
