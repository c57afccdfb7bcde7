"""Reads stored records and locks them for a change."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared import exact
from libs.shared.postgres.databases import Connection
from services.data.model import EntityModel, KeyValue, quote
from services.data.permissions import EVERYTHING, Grant

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """A record before the change. `granted` says whether the caller's grant covers it."""

    key: KeyValue
    version: int
    record: Record
    record_text: str
    granted: bool


async def lock_records(
    connection: Connection,
    entity: EntityModel,
    keys: Sequence[KeyValue],
    grant: Grant = EVERYTHING,
    strength: str = "NO KEY UPDATE",
    trashed: bool = False,
) -> dict[KeyValue, Stored]:
    """The live records of these keys (with `trashed`: those in the trash), locked until the end, by key.

    FOR UPDATE as strength also keeps out those who are about to refer to them.
    """
    sql = (
        f"{_selected(entity)} {join_keys(entity, 'SELECT DISTINCT _g.* FROM unnest({}) _g')} "
        f"WHERE {_alive(entity, trashed)} {_in_key_order(entity)} FOR {strength} OF _r"
    )
    return _by_key(entity, await connection.fetch(sql, *key_arrays(keys)), grant)


async def lock_related(
    connection: Connection, entity: EntityModel, column: str, values: Sequence[Any]
) -> dict[KeyValue, Stored]:
    """The live records whose `column` has one of `values`, by key, locked against changes and new references."""
    sql = (
        f"{_selected(entity)} WHERE _r.{quote(column)} = ANY($1::{entity.column_type(column)}[]) "
        f"AND {entity.alive('_r')} {_in_key_order(entity)} FOR UPDATE OF _r"
    )
    return _by_key(entity, await connection.fetch(sql, list(values)), EVERYTHING)


async def lock_where(
    connection: Connection, entity: EntityModel, columns: Mapping[str, Collection[str]], strength: str = "NO KEY UPDATE"
) -> dict[KeyValue, Stored]:
    """The live records in which one of these columns has one of its values (as text), by key, in the order of keys.

    They are locked until the end, unless `strength` is "".
    """
    clauses = [
        f"_r.{quote(column)} = ANY(${n}::text[]::{entity.column_type(column)}[])" for n, column in enumerate(columns, 1)
    ]
    sql = (
        f"{_selected(entity)} WHERE ({' OR '.join(clauses)}) AND {entity.alive('_r')} {_in_key_order(entity)}"
        f"{f' FOR {strength} OF _r' if strength else ''}"
    )
    return _by_key(entity, await connection.fetch(sql, *map(sorted, columns.values())), EVERYTHING)


async def lock_holding(
    connection: Connection, entity: EntityModel, fields: Sequence[str], file_id: str, trashed: bool
) -> list[Stored]:
    """The live records (with `trashed`: those in the trash) that hold a file in any of these fields, locked."""
    held = " OR ".join(f"_r.{quote(field)} ->> 'id' = $1" for field in fields)
    sql = (
        f"{_selected(entity)} WHERE ({held}) AND {_alive(entity, trashed)} {_in_key_order(entity)} "
        "FOR NO KEY UPDATE OF _r"
    )
    return list(_by_key(entity, await connection.fetch(sql, file_id), EVERYTHING).values())


async def existing_keys(connection: Connection, entity: EntityModel, keys: Sequence[KeyValue]) -> set[str]:
    """The keys, as text, that a record has, also in the trash."""
    sql = f"SELECT {entity.key.sql_text('_r')} AS key FROM {entity.table} _r {join_keys(entity)}"
    return {row["key"] for row in await connection.fetch(sql, *key_arrays(keys))}


def join_keys(entity: EntityModel, given: str = "") -> str:
    """A JOIN of the rows `_r` with keys, which are the first parameters as `key_arrays` makes them.

    `given` is a query around the `unnest` of the arrays, if there is to be one.
    """
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(entity.key.types, 1))
    keys = f"({given.format(arrays)})" if given else f"unnest({arrays})"
    names = ", ".join(f"_k{n}" for n in range(len(entity.key.names)))
    same = " AND ".join(f"{column} = _k._k{n}" for n, column in enumerate(entity.key.columns("_r")))
    return f"JOIN {keys} AS _k({names}) ON {same}"


def key_arrays(keys: Sequence[KeyValue]) -> list[list[Any]]:
    """Keys as parameters: an array per part of the key."""
    return list(map(list, zip(*keys, strict=True)))


def _selected(entity: EntityModel) -> str:
    return f"SELECT _r._version AS version, {entity.json('_r')} AS record FROM {entity.table} _r"


def _alive(entity: EntityModel, trashed: bool) -> str:
    return f"NOT ({entity.alive('_r')})" if trashed else entity.alive("_r")


def _in_key_order(entity: EntityModel) -> str:
    """One order for all, so that two transactions that lock the same records never wait for each other."""
    return f"ORDER BY {', '.join(entity.key.columns('_r'))}"


def _by_key(entity: EntityModel, rows: Sequence[Any], grant: Grant) -> dict[KeyValue, Stored]:
    found = {}
    for row in rows:
        record = exact.loads(row["record"])
        key = entity.key.parse(entity.key.text(entity.key.of(record)))
        found[key] = Stored(key, row["version"], record, row["record"], grant.covers(record))
    return found
