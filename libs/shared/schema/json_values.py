"""JSON values of any shape: their depth, the character NUL, numbers that no plain type keeps. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""The escape of the character NUL in JSON text; not an escaped backslash before the letters u0000."""
MAX_DEPTH = 100
"""Levels of a json value: events and answers wrap it in more, and the JSON library ends at 254."""


def deeper_than(value: Any, limit: int) -> bool:
    """Whether a JSON value has more levels than `limit`; looks level by level, so depth costs no stack."""
    level = [value]
    for _ in range(limit):
        level = [child for v in level for child in (v.values() if isinstance(v, dict) else v) if _nests(child)]
        if not level:
            return False
    return True


def path_of_nul(document: Any) -> str | None:
    """Where a JSON value holds the character NUL, which the database can't store: its keys joined by dots, or None."""
    level: list[tuple[_Path | None, Any]] = [(None, document)]
    while level:
        for path, value in level:
            if isinstance(value, str) and "\x00" in value:
                return _joined(path)
        level = [((path, key), child) for path, value in level for key, child in _children(value)]
    return None


_Path = tuple["_Path | None", Any]
"""The path of the enclosing value and the key within it; only a reported path is joined."""


def _joined(path: _Path | None) -> str:
    keys: list[str] = []
    while path is not None:
        path, key = path
        keys.append(str(key))
    return ".".join(reversed(keys))


def _children(value: Any) -> Iterator[tuple[Any, Any]]:
    """The values directly within a JSON value, with their keys; for a key with NUL, the key itself."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield key.replace("\x00", "\\0"), key if "\x00" in key else child
    elif isinstance(value, list):
        yield from enumerate(value)


def _nests(value: Any) -> bool:
    return isinstance(value, dict | list)


def decimals_in(document: Any) -> Iterator[Decimal]:
    """All numbers within a JSON value that no plain number type keeps."""
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, Decimal):
            yield one
