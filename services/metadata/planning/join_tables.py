"""The statements that create, change and retire the join table of a many_to_many relation. Pure.

A row is a pair of keys. It has a version as a record has, as pairs are in the log, too.
"""

from __future__ import annotations

from libs.shared.errors import invalid_field
from libs.shared.schema import VERSION_COLUMN, Relation
from services.metadata.model.identifiers import put_aside, quote, table_of
from services.metadata.model.schema import LiveSchema

FIXED_KEYS = ("type", "source", "target", "source_key", "target_key")
"""Keys that the meaning of the pairs depends on."""


def plan_create(relation: Relation, schema: LiveSchema) -> list[str]:
    """The statements that create a join table, with an index for each direction."""
    own, other = quote(relation.source_join_key), quote(relation.target_join_key)
    own_type, other_type = key_types(relation, schema)
    return [
        f"CREATE TABLE {table_of(relation.join_table)} ({own} {own_type} NOT NULL, {other} {other_type} NOT NULL, "
        f"{quote(VERSION_COLUMN)} bigint NOT NULL, CONSTRAINT _p_{relation.number} PRIMARY KEY ({own}, {other}))",
        f"CREATE INDEX _j_{relation.number} ON {table_of(relation.join_table)} ({other})",
    ]


def plan_change(before: Relation, after: Relation) -> list[str]:
    """The statements from one definition to the next. Raises VALIDATION_FAILED if pairs would change their meaning."""
    for key in FIXED_KEYS:
        if getattr(before, key) != getattr(after, key):
            raise invalid_field(key, f"{key} can't be changed while there is a join table; delete the relation first")
    plan = []
    table = table_of(after.join_table)
    if before.join_table != after.join_table:
        plan.append(f"ALTER TABLE {table_of(before.join_table)} RENAME TO {quote(after.join_table)}")
    old, new = (before.source_join_key, before.target_join_key), (after.source_join_key, after.target_join_key)
    if old != new:
        # By way of temporary names, as the two may be swapped.
        plan += [f"ALTER TABLE {table} RENAME COLUMN {quote(name)} TO _{n}" for n, name in enumerate(old)]
        plan += [f"ALTER TABLE {table} RENAME COLUMN _{n} TO {quote(name)}" for n, name in enumerate(new)]
    return plan


def plan_widen(relation: Relation, types: tuple[str, str], schema: LiveSchema) -> list[str]:
    """The statements that widen columns as the keys they refer to; `types` are their former types."""
    columns = (relation.source_join_key, relation.target_join_key)
    return [
        f"ALTER TABLE {table_of(relation.join_table)} ALTER COLUMN {quote(column)} TYPE {new}"
        for column, old, new in zip(columns, types, key_types(relation, schema), strict=True)
        if old != new
    ]


def plan_retire(relation: Relation) -> list[str]:
    """The statements that put a deleted relation's pairs aside."""
    return put_aside(relation.join_table, relation.number, f"relation_{relation.number}")


def key_types(relation: Relation, schema: LiveSchema) -> tuple[str, str]:
    """The column types of the two keys that a join table refers to."""
    source, target = schema.entities[relation.source], schema.entities[relation.target]
    return source.column_type(relation.source_key), target.column_type(relation.target_key)
