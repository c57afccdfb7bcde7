"""Statements about the business tables themselves."""

from __future__ import annotations

from libs.shared.postgres.databases import Connection, Database

LIST_INDEXES = """
SELECT _c.relname AS name, _i.indisvalid AS valid FROM pg_index _i JOIN pg_class _c ON _c.oid = _i.indexrelid
WHERE _i.indrelid = to_regclass($1) ORDER BY _c.relname
"""


async def list_indexes(database: Database | Connection, table: str) -> dict[str, bool]:
    """A table's indexes: name → whether its build was completed."""
    return {row["name"]: row["valid"] for row in await database.fetch(LIST_INDEXES, table)}


async def has_rows(transaction: Connection, table: str) -> bool:
    """Whether a table has rows."""
    found: bool = await transaction.fetchval(f"SELECT EXISTS (SELECT FROM {table})")
    return found
