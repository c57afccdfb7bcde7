"""`page` and `per_page` of a listing: invalid values fall back to the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
        """The `meta` of the response."""
        return {"page": self.number, "per_page": self.size, "total": total}


def page_of(query: Mapping[str, str], size: int = 25, largest: int = 100) -> Page:
    """The page that a URL's query asks for; `size` rows by default, at most `largest`."""
    number, wanted = positive(query.get("page", "")), positive(query.get("per_page", ""))
    return Page(min(number or 1, LAST_PAGE), min(wanted or size, largest))


def positive(text: str) -> int:
    """The number written in `text`; 0 if it is invalid or absurdly large."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
