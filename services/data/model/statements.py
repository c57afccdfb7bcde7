"""Statements that were compiled, by their shape."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Generic, TypeVar

from cachetools import LRUCache

T = TypeVar("T")

MAX_STATEMENTS = 500
"""Statements cached per schema; the least recently used are dropped first, as requests have any number of shapes."""


class StatementCache(Generic[T]):
    """SQL texts, or what makes them, by shape.

    The same text object is returned again, so drivers recognise it quickly.
    """

    def __init__(self) -> None:
        self._known: LRUCache[Hashable, T] = LRUCache(MAX_STATEMENTS)

    def made(self, shape: Hashable, make: Callable[[], T]) -> T:
        """The statement of a shape, made if it is not known."""
        try:
            return self._known[shape]
        except KeyError:
            statement = self._known[shape] = make()
            return statement


class PointStatement:
    """A lookup of single records, as one text per number of keys, in powers of two."""

    def __init__(self, make: Callable[[int], str]) -> None:
        self._make = make
        self._texts: dict[int, str] = {}

    def text(self, keys: int) -> str:
        """The statement for so many keys, or more. The same text object is returned again."""
        places = 1 << (keys - 1).bit_length()
        text = self._texts.get(places)
        if text is None:
            text = self._texts[places] = self._make(places)
        return text

    @cached_property
    def fingerprint(self) -> bytes:
        """Identifies the statement without its values: the same in every process."""
        return hashlib.blake2b(self.text(1).encode(), digest_size=16).digest()
