"""Names of tables and columns as SQL."""

from __future__ import annotations


def quote(identifier: str) -> str:
    """An SQL identifier, whatever word it is."""
    return '"' + identifier.replace('"', '""') + '"'


def table_of(name: str) -> str:
    """A business table with its schema."""
    return f"records.{quote(name)}"


def put_aside(table: str, number: int, name: str) -> list[str]:
    """The statements that move a business table to schema `retired` under another name.

    By way of a name that no operator's table can have, as one in `records` may have that other name.
    """
    between = f"_retired_{number}"
    return [
        f"ALTER TABLE {table_of(table)} RENAME TO {between}",
        f"ALTER TABLE {table_of(between)} SET SCHEMA retired",
        f"ALTER TABLE retired.{between} RENAME TO {name}",
    ]
