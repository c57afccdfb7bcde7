"""Scopes of names: the environment, and within it the row of a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

ROW = "it"
"""The name of the row inside the second argument of `sum`, `any` and their like."""
NOW = "now"
"""The environment's key for the current instant."""


class Names(Protocol):
    """The environment (any mapping), or a row in it."""

    def get(self, name: str, /) -> Any: ...


class RowScope:
    """A row: itself as `it`, then its own keys, then the enclosing scope."""

    __slots__ = ("_around", "_row")

    def __init__(self, row: Any, around: Names) -> None:
        self._row = row
        self._around = around

    def get(self, name: str, /) -> Any:
        """The value of `name`; nil if it is unknown."""
        if name == ROW:
            return self._row
        if isinstance(self._row, Mapping) and name in self._row:
            return self._row[name]
        return self._around.get(name)

    def environment(self) -> Names:
        """The scope around all rows: a row's own `now` is not the present."""
        around = self._around
        while isinstance(around, RowScope):
            around = around._around
        return around


def present(names: Names) -> Any:
    """The environment's `now`."""
    return (names.environment() if isinstance(names, RowScope) else names).get(NOW)
