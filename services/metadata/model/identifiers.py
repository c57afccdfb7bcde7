"""Names of tables and columns as SQL. Pure."""

from __future__ import annotations


def quote(identifier: str) -> str:
    """A quoted SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def table_of(name: str) -> str:
    """A business table with its schema."""
    return f"records.{quote(name)}"


def put_aside(table: str, number: int, name: str) -> list[str]:
    """The statements that move a business table to schema `retired` under another name.

    The table has a temporary name meanwhile, as another one in `records` may have the name that it gets.
    """
    between = f"_retired_{number}"
    return [
        f"ALTER TABLE {table_of(table)} RENAME TO {between}",
        f"ALTER TABLE {table_of(between)} SET SCHEMA retired",
        f"ALTER TABLE retired.{between} RENAME TO {name}",
    ]
