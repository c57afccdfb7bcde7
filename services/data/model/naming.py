"""Names as SQL."""

from __future__ import annotations


def quote(identifier: str) -> str:
    """An SQL identifier, whatever word it is."""
    return '"' + identifier.replace('"', '""') + '"'
