"""What the URL's query asks for: pure."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.contracts.records import Pairs

FARTHEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a list; `number` counts from 1."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size


def page_of(query: Pairs, size: int, largest: int) -> Page:
    """`page` and `per_page`; what is no positive number falls back to the default (api.md, section 5)."""
    asked = dict(query)
    number = min(_positive(asked.get("page", ""), 1), FARTHEST)
    return Page(number, min(_positive(asked.get("per_page", ""), size), largest))


def _positive(text: str, default: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return number or default
