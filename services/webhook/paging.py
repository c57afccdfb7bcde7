"""`page` and `per_page` of a listing (api.md, section 5): what makes no sense falls back to the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SIZE = 100
"""Rows on a page, by default and at most."""
LAST_PAGE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """A page by its number (from 1) and size in rows."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    def meta(self, total: int) -> dict[str, int]:
        """The `meta` of the answer."""
        return {"page": self.number, "per_page": self.size, "total": total}


def page_of(query: Mapping[str, str]) -> Page:
    """The page that a URL's query asks for."""
    number, size = _positive(query.get("page", "")), _positive(query.get("per_page", ""))
    return Page(min(number or 1, LAST_PAGE), min(size or SIZE, SIZE))


def _positive(text: str) -> int:
    """The number written in `text`, or 0 if it is none or out of reach."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
