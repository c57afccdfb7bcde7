"""A page of rows and how many there are in all, by one statement: two would tell of two moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.postgres.databases import Database, Record


def json_page(columns: str, source: str, order: str, limits: str) -> str:
    """SQL for a page of what `source` has (what stands behind FROM), as a JSON list, and the total."""
    return f"""
    SELECT (SELECT count(*) FROM {source}) AS total, (SELECT coalesce(json_agg(row_to_json(_p)), '[]') FROM (
        SELECT {columns} FROM {source} ORDER BY {order} {limits}
    ) _p)::text AS rows
    """


async def load_json_page(database: Database, statement: str, *values: Any) -> tuple[bytes, int]:
    """The page of a statement of `json_page`, and the total."""
    row = await database.fetchrow(statement, *values)
    assert row is not None, "a query without a source has one row"
    return row["rows"].encode(), row["total"]


def page_of_rows(counted: str, listed: str, order: str) -> str:
    """SQL for the rows of `listed`, each with the one number of `counted`; one row of nulls if there are none."""
    return f"SELECT _t.total, _p.* FROM ({counted}) _t(total) LEFT JOIN ({listed}) _p ON true ORDER BY {order}"


async def load_page_of_rows(
    database: Database, statement: str, values: Sequence[Any], key: str
) -> tuple[Sequence[Record], int]:
    """The rows of a statement of `page_of_rows`, and the total; `key` is a column that is never null."""
    rows = await database.fetch(statement, *values)
    return [row for row in rows if row[key] is not None], rows[0]["total"]
