"""Statements once made, remembered by what was asked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

MOST = 500
"""Statements kept per schema; the ones longest unused go first, as callers may ask in any number of ways."""


class Statements:
    """SQL texts by shape. The same text object is handed out again, so drivers recognise it quickly."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, str] = OrderedDict()

    def made(self, shape: Hashable, make: Callable[[], str]) -> str:
        """The statement of a shape, made if it is not known."""
        sql = self._known.get(shape)
        if sql is None:
            sql = self._known[shape] = make()
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(shape)
        return sql
