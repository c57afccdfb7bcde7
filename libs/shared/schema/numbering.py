"""Formats of numbered fields, such as `PO-{year}-{n:05}`: parsed strictly, and rendered for a time and a record.

All numbers with the same text around {n} count together: that text, with {n} in it, is the key of their counter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.shared.nearest import unknown

PART = re.compile(r"[^{}]+|\{[^{}]*\}|[{}]")
TIMES = {"year": "%Y", "month": "%m", "day": "%d"}
FIELD = "field:"
WIDTH = re.compile(r"0(1[0-8]|[1-9])\Z")
NAMES = ("n", *TIMES, "field:name")
MAX_FORMAT_CHARACTERS = 100
MAX_FIELD_CHARACTERS = 60
"""Characters of a field's value in a number."""
NUMBERING_TYPES = ("string", "int", "bigint")
"""Types of fields whose values can stand in numbers."""
COUNTED = "{n}"


class CannotBeNumbered(ValueError):
    """A record has no value, or an unfit one, in a field that its number needs."""


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A format: `before` and `after` {n} are texts, and names of placeholders in braces; `width` pads n with zeros."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    width: int = 0

    @property
    def fields(self) -> list[str]:
        """The fields whose values are in the number."""
        parts = (part[1:-1] for part in (*self.before, *self.after) if part.startswith("{"))
        return [name.removeprefix(FIELD) for name in parts if name.startswith(FIELD)]

    def around(self, now: datetime, values: Mapping[str, Any]) -> tuple[str, str]:
        """The texts before and after n. Raises CannotBeNumbered."""
        before, after = ("".join(_rendered(part, now, values) for part in side) for side in (self.before, self.after))
        return before, after

    def render(self, around: tuple[str, str], number: int) -> str:
        """The number as it is stored."""
        return f"{around[0]}{number:0{self.width}d}{around[1]}"


def parse_format(text: str) -> NumberFormat:
    """The format that a definition gives. Raises ValueError with the position of what is wrong, counted from 1."""
    if not text or len(text) > MAX_FORMAT_CHARACTERS:
        raise ValueError(f"must have 1 to {MAX_FORMAT_CHARACTERS} characters")
    sides: list[list[str]] = [[], []]
    width: int | None = None
    for found in PART.finditer(text):
        part, place = found[0], found.start() + 1
        if part[0] in "{}" and len(part) == 1:
            raise ValueError(f"has a brace without its counterpart at character {place}")
        if not part.startswith("{"):
            _check_text(part, place)
            sides[width is not None].append(part)
            continue
        name, colon, rest = part[1:-1].partition(":")
        if name == "n":
            if width is not None:
                raise ValueError(f"has a second {{n}} at character {place}")
            width = _width(rest, colon, place)
        else:
            sides[width is not None].append(_placeholder(part, place))
    if width is None:
        raise ValueError("has no {n}, the number itself")
    if any(side and side[place].startswith("{" + FIELD) for side, place in ((sides[0], -1), (sides[1], 0))):
        raise ValueError("needs a text between {n} and a field, or two numbers could be the same")
    return NumberFormat(tuple(sides[0]), tuple(sides[1]), width)


def _width(text: str, colon: str, place: int) -> int:
    if not colon:
        return 0
    if not WIDTH.match(text):
        raise ValueError(f"has {{n:{text}}} at character {place}; digits are given as {{n:05}}, from 01 to 018")
    return int(text)


def _placeholder(part: str, place: int) -> str:
    name = part[1:-1]
    if name not in TIMES and not (name.startswith(FIELD) and len(name) > len(FIELD)):
        raise ValueError(f"has {part} at character {place}: {unknown(name, NAMES)}")
    return part


def _check_text(text: str, place: int) -> None:
    for offset, character in enumerate(text):
        if not character.isprintable():
            raise ValueError(f"has a character that can't be printed at character {place + offset}")


def _rendered(part: str, now: datetime, values: Mapping[str, Any]) -> str:
    if not part.startswith("{"):
        return part
    name = part[1:-1]
    if name in TIMES:
        return f"{now.year:04d}" if name == "year" else now.strftime(TIMES[name])
    value = values.get(name.removeprefix(FIELD))
    if value is None or value == "":
        raise CannotBeNumbered(f"needs a value in {name.removeprefix(FIELD)}")
    if len(str(value)) > MAX_FIELD_CHARACTERS:
        raise CannotBeNumbered(f"takes at most {MAX_FIELD_CHARACTERS} characters of {name.removeprefix(FIELD)}")
    return str(value)
