"""Counts rows within a bound, so that no overview scans a large table."""

from __future__ import annotations

from collections.abc import Mapping

from libs.shared.postgres.databases import Database

MAX_COUNTED = 10_000
"""Rows that are counted one by one; a larger number is given as this one."""


def bounded_counts(sources: Mapping[str, str]) -> str:
    """SQL for one row with the number of rows of each source (a FROM clause) under its name; at most one too many."""
    counts = ", ".join(
        f"(SELECT count(*) FROM (SELECT FROM {source} LIMIT {MAX_COUNTED + 1}) _c) AS {name}"
        for name, source in sources.items()
    )
    return f"SELECT {counts}"


async def load_counts(database: Database, statement: str, timeout_s: float) -> tuple[dict[str, int], list[str]]:
    """The counts of a statement made by `bounded_counts`, and the names of those that are larger."""
    row = await database.fetchrow(statement, timeout=timeout_s)
    assert row is not None, "a query without a source has one row"
    counts = {name: min(number, MAX_COUNTED) for name, number in row.items()}
    return counts, [name for name, number in row.items() if number > MAX_COUNTED]
