"""Pairs of many_to_many relations: attached, detached and logged like records.

The log knows a pair by its relation's number, with the two values as its record id and image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.schema import Relation
from services.data.model import EntityModel, quote
from services.data.permissions import Grant
from services.data.writes.statements.changes import Action
from services.data.writes.statements.unit_of_work import UnitOfWork

PAIR_COLUMNS = (
    "SELECT concat_ws(',', _m._a, _m._b) AS key, _m._version AS version, "
    "jsonb_build_object('1', _m._a, '2', _m._b)::text AS image FROM _moved _m"
)
"""A changed pair as the log knows it."""
Pair = tuple[Any, Any]
"""The source's value and the target's."""


class JoinTable:
    """The join table of one relation, within a commit."""

    def __init__(self, unit: UnitOfWork, relation: Relation) -> None:
        self._unit = unit
        self._relation = relation
        source, target = unit.model.entity(relation.source), unit.model.entity(relation.target)
        self._types = (source.column_type(relation.source_key), target.column_type(relation.target_key))
        self._table = f"records.{quote(relation.join_table)}"
        self._columns = (quote(relation.source_join_key), quote(relation.target_join_key))

    async def attach(self, pairs: Sequence[Pair]) -> None:
        """Add pairs; existing ones stay as they are."""
        source, target = self._columns
        first, second = self._types
        sql = (
            f"WITH _moved AS (INSERT INTO {self._table} AS _j ({source}, {target}, _version) "
            f"SELECT DISTINCT _p._a, _p._b, coalesce((SELECT max(_c.version) FROM data.commits _c "
            f"WHERE _c.entity = {self._relation.number} AND _c.record_id = concat_ws(',', _p._a, _p._b)), 0) + 1 "
            f"FROM unnest($2::{first}[], $3::{second}[]) AS _p(_a, _b), metadata.schema_version _v "
            f"WHERE _v.version = $1 ON CONFLICT DO NOTHING "
            f"RETURNING _j.{source} AS _a, _j.{target} AS _b, _j._version) {PAIR_COLUMNS}"
        )
        await self._note(Action.CREATE, sql, *map(list, zip(*pairs, strict=True))) if pairs else None

    async def detach(self, pairs: Sequence[Pair]) -> None:
        """Remove pairs; missing ones are ignored."""
        source, target = self._columns
        first, second = self._types
        sql = self._removal(
            f"USING unnest($2::{first}[], $3::{second}[]) AS _p(_a, _b), metadata.schema_version _v "
            f"WHERE _v.version = $1 AND _j.{source} = _p._a AND _j.{target} = _p._b"
        )
        await self._note(Action.DELETE, sql, *map(list, zip(*pairs, strict=True))) if pairs else None

    async def detach_all(self, values: Sequence[Any], of_source: bool) -> None:
        """Remove all pairs of these sources (or targets)."""
        end = 0 if of_source else 1
        sql = self._removal(
            f"USING metadata.schema_version _v WHERE _v.version = $1 "
            f"AND _j.{self._columns[end]} = ANY($2::{self._types[end]}[])"
        )
        await self._note(Action.DELETE, sql, list(values))

    async def others(self, sources: Sequence[Any]) -> list[Pair]:
        """The existing pairs of these sources."""
        source, target = self._columns
        sql = (
            f"SELECT _j.{source} AS a, _j.{target} AS b FROM {self._table} _j "
            f"WHERE _j.{source} = ANY($1::{self._types[0]}[]) ORDER BY 1, 2"
        )
        return [(row["a"], row["b"]) for row in await self._unit.transaction.fetch(sql, list(sources))]

    async def of_targets(self, targets: Sequence[Any]) -> list[Pair]:
        """The existing pairs of these targets."""
        source, target = self._columns
        sql = (
            f"SELECT _j.{source} AS a, _j.{target} AS b FROM {self._table} _j "
            f"WHERE _j.{target} = ANY($1::{self._types[1]}[]) ORDER BY 1, 2"
        )
        return [(row["a"], row["b"]) for row in await self._unit.transaction.fetch(sql, list(targets))]

    async def sources_granted(self, source: EntityModel, values: Sequence[Any], grant: Grant) -> bool:
        """Whether a grant covers all existing ones of these sources, and their pairs; locks them against changes."""
        key = f"_s.{quote(self._relation.source_key)}"
        sql = (
            f"SELECT {source.json('_s')} AS record FROM {source.table} _s "
            f"WHERE {key} = ANY($1::{self._types[0]}[]) ORDER BY {key} FOR NO KEY UPDATE OF _s"
        )
        rows = await self._unit.transaction.fetch(sql, list(values))
        if grant.profile is None:
            return True
        records = [exact.loads(row["record"]) for row in rows]
        name = self._relation.name
        return all(grant.covers(record) and grant.relates(name, True, record) for record in records)

    async def lock_targets(self, target: EntityModel, values: Sequence[Any]) -> set[Any]:
        """Which of these targets exist; locks them against deletion."""
        key = f"_t.{quote(self._relation.target_key)}"
        sql = (
            f"SELECT {key} AS value FROM {target.table} _t WHERE {key} = ANY($1::{self._types[1]}[]) "
            f"AND {target.alive('_t')} ORDER BY 1 FOR KEY SHARE OF _t"
        )
        return {row["value"] for row in await self._unit.transaction.fetch(sql, list(values))}

    def _removal(self, chosen: str) -> str:
        source, target = self._columns
        returned = f"RETURNING _j.{source} AS _a, _j.{target} AS _b, _j._version + 1 AS _version"
        return f"WITH _moved AS (DELETE FROM {self._table} AS _j {chosen} {returned}) {PAIR_COLUMNS}"

    async def _note(self, action: Action, sql: str, *arrays: Any) -> None:
        for row in await self._unit.transaction.fetch(sql, self._unit.model.version, *arrays):
            image, previous = (row["image"], None) if action is Action.CREATE else (None, row["image"])
            self._unit.add((self._relation.number, row["key"], row["version"], action.value, image, previous, None))
