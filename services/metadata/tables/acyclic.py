"""Acyclic relations: no record is its own ancestor, neither of those that are there nor of those that are imported."""

from __future__ import annotations

from collections.abc import Iterable

from libs.shared.errors import invalid_field
from libs.shared.postgres.databases import Connection
from libs.shared.schema import Relation
from services.metadata.model.identifiers import table_of
from services.metadata.model.schema import LiveEntity, Schema
from services.metadata.store import counting

LOCK = "LOCK TABLE {table} IN SHARE MODE"
"""Writers have ended, and the next ones wait; they find another version of the schema then."""


def is_to_be_checked(before: Relation | None, after: Relation) -> bool:
    """Whether there may be cycles in an acyclic relation: where it was not acyclic, or went by other fields."""
    if not after.acyclic:
        return False
    return before is None or not before.acyclic or _fields(before) != _fields(after)


async def hold(transaction: Connection, schema: Schema, relations: Iterable[Relation]) -> None:
    """Keep others from writing to the tables of these relations until the end. Raises LockTaken."""
    for name in sorted({relation.target for relation in relations}):
        await transaction.execute(LOCK.format(table=table_of(schema.entities[name].definition.table)))


async def refuse_cycles(transaction: Connection, schema: Schema, relations: Iterable[Relation]) -> None:
    """Raises VALIDATION_FAILED for the first of these relations that has cycles."""
    for relation in relations:
        live = schema.entities[relation.target]
        if rows := await count(transaction, live, relation.source_key, relation.target_key):
            message = (
                f"relation {relation.name} can't be acyclic: by {relation.target_key}, {rows} records of "
                f"{relation.target} lead back to themselves or stand below one that does"
            )
            raise invalid_field("acyclic", message, "acyclic")


async def refuse_imported(transaction: Connection, schema: Schema, relations: Iterable[Relation]) -> None:
    """Raises VALIDATION_FAILED naming the field, where records that were just imported have made a cycle."""
    for relation in relations:
        live = schema.entities[relation.target]
        if rows := await count(transaction, live, relation.source_key, relation.target_key):
            message = (
                f"sample_data.{relation.target}: {relation.target_key} must not lead back to the record itself, as "
                f"{relation.name} is acyclic; {rows} records would do so or stand below one that does"
            )
            raise invalid_field(relation.target_key, message, "acyclic")


async def count(transaction: Connection, live: LiveEntity, own: str, up: str) -> int:
    """How many live records are their own ancestors, or below one that is."""
    table = table_of(live.definition.table)
    return await counting.count_circling(transaction, table, own, up, live.definition.soft_delete)


def _fields(relation: Relation) -> tuple[str, str, str]:
    return relation.target, relation.source_key, relation.target_key
