"""Loads a page of rows and the total by one statement, so that both belong to the same snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.postgres.databases import Database, Record


def json_page(columns: str, source: str, order: str, limits: str) -> str:
    """SQL for a page of `source` (a FROM clause) as a JSON list, and the total."""
    return f"""
    SELECT (SELECT count(*) FROM {source}) AS total, (SELECT coalesce(json_agg(row_to_json(_p)), '[]') FROM (
        SELECT {columns} FROM {source} ORDER BY {order} {limits}
    ) _p)::text AS rows
    """


async def load_json_page(database: Database, statement: str, *values: Any) -> tuple[bytes, int]:
    """Load the page and the total of a statement made by `json_page`."""
    row = await database.fetchrow(statement, *values)
    assert row is not None, "a query without a source has one row"
    return row["rows"].encode(), row["total"]


def page_of_rows(counted: str, listed: str, order: str) -> str:
    """SQL for the rows of `listed`, each with the number of `counted`; one row of nulls if there are no rows."""
    return f"SELECT _t.total, _p.* FROM ({counted}) _t(total) LEFT JOIN ({listed}) _p ON true ORDER BY {order}"


async def load_page_of_rows(
    database: Database, statement: str, values: Sequence[Any], key: str
) -> tuple[Sequence[Record], int]:
    """Load the rows and the total of a statement made by `page_of_rows`; `key` is a column that is never null."""
    rows = await database.fetch(statement, *values)
    return [row for row in rows if row[key] is not None], rows[0]["total"]
