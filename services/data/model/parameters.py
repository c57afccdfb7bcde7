"""The parameters of a statement in the making."""

from __future__ import annotations

from typing import Any


class StatementParameters:
    """The values of a statement, numbered as they are added. No value of a caller ever becomes SQL text."""

    def __init__(self, *values: Any) -> None:
        self.values = list(values)

    def add(self, value: Any, column_type: str) -> str:
        """Add a value; returns its placeholder with its type."""
        self.values.append(value)
        return f"${len(self.values)}::{column_type}"
