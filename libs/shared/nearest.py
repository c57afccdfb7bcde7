"""The name that an unknown one was most likely meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MIN_SIMILARITY = 0.6
"""How alike a name must be to one that is known to be taken for it, from 0 to 1."""
MAX_SHOWN_CHARACTERS = 60
"""Characters of a name that are compared, and that a message repeats."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was most likely meant to be; None where it is like none."""
    by_small = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower()[:MAX_SHOWN_CHARACTERS], by_small, n=1, cutoff=MIN_SIMILARITY)
    return by_small[found[0]] if found else None


def unknown(name: str, known: Iterable[str]) -> str:
    """The words for a name that is not known, with the nearest that is."""
    meant = nearest(name, known)
    return f"`{name[:MAX_SHOWN_CHARACTERS]}` is unknown" + (f"; do you mean `{meant}`?" if meant else "")
