"""Unique values that move among the records of one commit: uniqueness is judged by the result of the commit.

PostgreSQL judges it row by row, so two records could never exchange values. Records that give up a value which another
record of the commit takes are therefore released first: their value is null until they get the new one, in the same
transaction. The log does not show this: what a released record was before is kept here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared import exact
from libs.shared.postgres.databases import Connection
from services.data.model import EntityModel, KeyValue, quote

Move = tuple[KeyValue, Mapping[str, Any]]
"""A record and the values that it is to get."""


class UniqueSwaps:
    """The released values of one commit."""

    def __init__(self, transaction: Connection) -> None:
        self._transaction = transaction
        self._released: dict[tuple[int, str], dict[str, Any]] = defaultdict(dict)
        """Entity number and record id → what columns were, as JSON, by the ids of their fields."""

    async def release(self, entity: EntityModel, moves: Sequence[Move]) -> bool:
        """Release what the moves take from one another; all of them must be made then. Returns whether any was."""
        found = False
        for column in entity.exclusive:
            moved = [(key, values[column]) for key, values in moves if column in values]
            if len(moved) > 1:
                rows = await self._transaction.fetch(_text(entity, column), *_arrays(moved))
                for row in rows:
                    self._released[entity.number, row["key"]][entity.image_ids[column]] = exact.loads(row["was"])
                found = found or bool(rows)
        return found

    def previous(self, entity: EntityModel, key: str, previous: str | None, columns: Sequence[str]) -> str | None:
        """What the log keeps of a record before it was given these columns, with what was released of them."""
        released = self._released.get((entity.number, key))
        if not released or previous is None:
            return previous
        given = {entity.image_ids[name] for name in columns}
        was = {field_id: released.pop(field_id) for field_id in given & released.keys()}
        return exact.dumps({**exact.loads(previous), **was}).decode() if was else previous


def _arrays(moved: Sequence[tuple[KeyValue, Any]]) -> list[list[Any]]:
    keys, values = zip(*moved, strict=True)
    return [*map(list, zip(*keys, strict=True)), list(values)]


def _text(entity: EntityModel, column: str) -> str:
    """Names of our own begin with _, as no field's name does."""
    kinds = [*entity.key.types, entity.column_type(column)]
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(kinds, 1))
    keys = [f"_k{n}" for n in range(len(entity.key.names))]
    same = " AND ".join(f"{own} = _u.{k}" for own, k in zip(entity.key.columns("_r"), keys, strict=True))
    name = quote(column)
    # Rounded as the column does it.
    value = f"_g._v::{entity.fields[column].column_type} AS _v"
    return (
        f"WITH _u AS MATERIALIZED (SELECT {', '.join(f'_g.{k}' for k in keys)}, {value} "
        f"FROM unnest({arrays}) AS _g({', '.join(keys)}, _v)) "
        f"UPDATE {entity.table} AS _r SET {name} = NULL FROM _u WHERE {same} AND _r.{name} IS DISTINCT FROM _u._v "
        f"AND _r.{name} IN (SELECT _w._v FROM _u _w) RETURNING WITH (OLD AS _old) "
        f"{entity.key.sql_text('_r')} AS key, to_jsonb(_old.{name})::text AS was"
    )
