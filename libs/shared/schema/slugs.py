"""Slugs: readable keys made from other text."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache

MAX_SLUG_CHARACTERS = 200
"""Characters of a slug before its number."""
PIECE_CHARACTERS = 32
"""Length of the pieces that a text is converted in."""
LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "ae", "ø": "o", "Ø": "o", "œ": "oe", "Œ": "oe", "ł": "l", "Ł": "l"})
"""Letters that Unicode does not take apart into a letter and an accent."""


def slugify(text: str) -> str:
    """Lower case, accents removed, runs of other characters one hyphen, none at the ends. "" if nothing is left.

    Read piece by piece until the slug is full: a letter can stand for 18, and a text has up to 10,000,000.
    """
    slug = ""
    for start in range(0, len(text), PIECE_CHARACTERS):
        slug = re.sub(r"[\W_]+", "-", slug + _letters(text[start : start + PIECE_CHARACTERS])).lstrip("-")
        if len(slug) > MAX_SLUG_CHARACTERS:
            break
    return slug[:MAX_SLUG_CHARACTERS].rstrip("-")


def _letters(text: str) -> str:
    lower = text.translate(LETTERS).casefold()
    return lower if lower.isascii() else "".join(map(_unaccented, lower))


@lru_cache(10_000)
def _unaccented(character: str) -> str:
    """A character without its accents.

    One at a time: a whole text is also put into order by `normalize`, in a time that grows with the square of its
    accents in a row, and all that is put into order there is left out here.
    """
    return "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))


def free_slug(base: str, taken: Collection[str]) -> str:
    """`base`, or with the first number from 2 on that makes it unlike all that are taken."""
    if base not in taken:
        return base
    return next(slug for number in itertools.count(2) if (slug := f"{base}-{number}") not in taken)
