"""Statements once made, remembered by what was asked."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 500
"""Statements kept per schema; the ones longest unused go first, as callers may ask in any number of ways."""


class Statements(Generic[T]):
    """SQL texts, or what makes them, by shape.

    The same text object is handed out again, so drivers recognise it quickly.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, T] = OrderedDict()

    def made(self, shape: Hashable, make: Callable[[], T]) -> T:
        """The statement of a shape, made if it is not known."""
        statement = self._known.get(shape)
        if statement is None:
            statement = self._known[shape] = make()
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(shape)
        return statement


class PointStatement:
    """What answers a point, as a text for any number of keys: one for each power of two."""

    def __init__(self, make: Callable[[int], str]) -> None:
        self._make = make
        self._texts: dict[int, str] = {}

    def text(self, keys: int) -> str:
        """The statement for so many keys, or for more; the same text object is handed out again."""
        places = 1 << (keys - 1).bit_length()
        text = self._texts.get(places)
        if text is None:
            text = self._texts[places] = self._make(places)
        return text

    @cached_property
    def fingerprint(self) -> bytes:
        """What is asked, apart from the values: the same in every process."""
        return hashlib.blake2b(self.text(1).encode(), digest_size=16).digest()
