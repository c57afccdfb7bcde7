"""Names of tables and columns as SQL."""

from __future__ import annotations


def quote(identifier: str) -> str:
    """An SQL identifier, whatever word it is."""
    return '"' + identifier.replace('"', '""') + '"'


def table_of(name: str) -> str:
    """A business table with its schema."""
    return f"records.{quote(name)}"
