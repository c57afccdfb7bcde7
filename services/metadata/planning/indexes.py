"""The indexes that the tables should have, derived from the definitions. Pure.

An index's name says all about it, by numbers and ids that outlive names: `_u_<entity>_<field>` unique field,
`_o_<entity>_<field>` field that is looked up or ordered by, `_r_<relation>_<entity>_<field>` one_to_one among all rows,
`_l_…` the same among rows that are not soft-deleted. So comparing names finds missing and needless indexes. They begin
with _, as no operator's table can. All are ordered as lists are, nulls first, so that they serve both directions of a
sort. `_i_…` are lookup indexes in PostgreSQL's own order, to be replaced by `_o_…`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from libs.shared.schema import DELETED, EntityDefinition
from services.metadata.model.identifiers import quote, table_of
from services.metadata.model.schema import LiveEntity, LiveRelation, LiveSchema

MANAGED_INDEX = re.compile(r"^_[uiorl]_\d+_\d+(_\d+)?$")
ENFORCING = ("_u_", "_r_", "_l_")
"""The prefixes of unique indexes."""


@dataclass(frozen=True, slots=True)
class TableIndex:
    """One index. Unique ones enforce a definition; the others only make reads quick."""

    name: str
    table: str
    field: str
    unique: bool
    alive_only: bool = False

    def create(self, concurrently: bool = False) -> str:
        """The statement that builds it."""
        kind = "UNIQUE INDEX" if self.unique else "INDEX"
        how = " CONCURRENTLY" if concurrently else ""
        where = f" WHERE {quote(DELETED)} IS NULL" if self.alive_only else ""
        return f"CREATE {kind}{how} {self.name} ON {self.table} ({quote(self.field)} NULLS FIRST){where}"


def drop(name: str, concurrently: bool = False) -> str:
    """The statement that drops an index."""
    return f"DROP INDEX{' CONCURRENTLY' if concurrently else ''} IF EXISTS records.{name}"


def enforces_definition(name: str) -> bool:
    """Whether an index enforces a definition: only a change of the definition may drop it."""
    return name.startswith(ENFORCING)


def wanted_indexes(schema: LiveSchema, entity: str) -> dict[str, TableIndex]:
    """All indexes of an entity's table except its key, by name."""
    live = schema.entities[entity]
    indexes = [_field_index(live, f.name, f.unique) for f in live.definition.fields if f.unique or f.indexed]
    targets = [r for r in schema.relations.values() if r.relation.target == entity and not r.relation.joined]
    indexes += [_relation_index(live, relation) for relation in targets]
    return {index.name: index for index in indexes if not _covered(live.definition, index)}


def difference(existing: Iterable[str], wanted: Mapping[str, TableIndex]) -> tuple[list[TableIndex], list[str]]:
    """The indexes to build and the names of those to drop; only indexes named by this module are dropped."""
    known = {name for name in existing if MANAGED_INDEX.match(name)}
    return [index for name, index in wanted.items() if name not in known], sorted(known - wanted.keys())


def _field_index(live: LiveEntity, field: str, unique: bool) -> TableIndex:
    name = f"_{'u' if unique else 'o'}_{live.row.number}_{live.field_id(field)}"
    return TableIndex(name, table_of(live.definition.table), field, unique)


def _relation_index(live: LiveEntity, relation: LiveRelation) -> TableIndex:
    field = relation.relation.target_key
    if relation.relation.type == "one_to_many":
        return _field_index(live, field, unique=False)
    alive_only = live.definition.soft_delete
    name = f"_{'l' if alive_only else 'r'}_{relation.row.number}_{live.row.number}_{live.field_id(field)}"
    return TableIndex(name, table_of(live.definition.table), field, True, alive_only)


def _covered(entity: EntityDefinition, index: TableIndex) -> bool:
    """Whether the key, or a unique field's own index, makes this one needless."""
    keys = entity.primary_key.names
    if index.field == keys[0] and (len(keys) == 1 or not index.unique):
        return True
    by_itself = index.name.startswith("_u_")
    return not by_itself and any(f.name == index.field and f.unique for f in entity.fields)
