"""Statements that count columns, and the rows that violate a change."""

from __future__ import annotations

from typing import Any

from libs.shared.postgres.databases import Connection
from libs.shared.postgres.limits import MAX_INDEX_ENTRY_BYTES
from libs.shared.schema import DELETED
from services.metadata.model.identifiers import quote

COUNT_TIMEOUT_S = 30.0
"""Time limit of a statement that counts the rows that violate a change."""
COUNT_DUPLICATES = """
SELECT coalesce(sum(_d._n), 0)::bigint FROM (
    SELECT count(*) AS _n FROM {table} _t WHERE _t.{column} IS NOT NULL{where} GROUP BY _t.{column} HAVING count(*) > 1
) _d
"""
MAX_INDEXED_BYTES = MAX_INDEX_ENTRY_BYTES - 12
"""Bytes of a stored text, compressed, that fits into an index: its entry has a header, and so has the text."""
COUNT_CIRCLING = """
WITH RECURSIVE _free(_own) AS (
    SELECT _t.{own} FROM {table} _t WHERE {alive} AND (_t.{up} IS NULL OR NOT EXISTS (
        SELECT 1 FROM {table} _p WHERE _p.{own} = _t.{up} AND {alive_above}))
    UNION ALL
    SELECT _t.{own} FROM _free _f JOIN {table} _t ON _t.{up} = _f._own WHERE {alive}
)
SELECT (SELECT count(*) FROM {table} _t WHERE {alive}) - (SELECT count(*) FROM _free _f)
"""
"""All rows except those below a row that has no parent."""
COUNT_LONGER = "SELECT count(*) FROM {table} _t WHERE length(_t.{column}::text) > $1"
COUNT_LONG = "SELECT count(*) FROM {table} _t WHERE pg_column_size(_t.{column}) > " + str(MAX_INDEXED_BYTES)
COUNT_COLUMNS = "SELECT coalesce(max(attnum), 0) FROM pg_attribute WHERE attrelid = to_regclass($1)"
COUNT_MISSING = "SELECT count(*) FROM {table} _t WHERE _t.{column} IS NULL"
COUNT_OTHERS = """
SELECT count(*) FROM {table} _t WHERE _t.{column} IS NOT NULL AND NOT $1::text::jsonb @> to_jsonb(_t.{column})
"""


async def count_duplicates(transaction: Connection, table: str, column: str, alive_only: bool) -> int:
    """How many rows share their value with another."""
    where = f" AND _t.{quote(DELETED)} IS NULL" if alive_only else ""
    return await _count(transaction, COUNT_DUPLICATES.format(table=table, column=quote(column), where=where))


async def count_circling(transaction: Connection, table: str, own: str, up: str, alive_only: bool) -> int:
    """How many rows are their own ancestors, or below one that is; `up` refers to `own` of the row above."""
    alive, above = (f"{row}.{quote(DELETED)} IS NULL" if alive_only else "true" for row in ("_t", "_p"))
    sql = COUNT_CIRCLING.format(table=table, own=quote(own), up=quote(up), alive=alive, alive_above=above)
    return await _count(transaction, sql)


async def count_long(transaction: Connection, table: str, column: str) -> int:
    """How many rows have a value that no index can hold."""
    return await _count(transaction, COUNT_LONG.format(table=table, column=quote(column)))


async def count_longer(transaction: Connection, table: str, column: str, characters: int) -> int:
    """How many rows have a text of more characters."""
    return await _count(transaction, COUNT_LONGER.format(table=table, column=quote(column)), characters)


async def count_missing(transaction: Connection, table: str, column: str) -> int:
    """How many rows have no value."""
    return await _count(transaction, COUNT_MISSING.format(table=table, column=quote(column)))


async def count_others(transaction: Connection, table: str, column: str, allowed: str) -> int:
    """How many rows have a value that is not among `allowed`, a JSON list."""
    return await _count(transaction, COUNT_OTHERS.format(table=table, column=quote(column)), allowed)


async def count_columns(transaction: Connection, table: str) -> int:
    """How many columns a table has ever had."""
    return await _count(transaction, COUNT_COLUMNS, table)


async def _count(transaction: Connection, sql: str, *values: Any) -> int:
    rows: int = await transaction.fetchval(sql, *values, timeout=COUNT_TIMEOUT_S)
    return rows
