"""Suggestions for unknown names: the most similar known name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MIN_SIMILARITY = 0.6
"""The similarity, from 0 to 1, from which on a known name is suggested."""
MAX_SHOWN_CHARACTERS = 60
"""The number of characters of a name that are compared and shown."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most similar to `name`; None if none is similar."""
    by_small = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower()[:MAX_SHOWN_CHARACTERS], by_small, n=1, cutoff=MIN_SIMILARITY)
    return by_small[found[0]] if found else None


def unknown(name: str, known: Iterable[str]) -> str:
    """The message about an unknown name, with the nearest known one."""
    meant = nearest(name, known)
    return f"`{name[:MAX_SHOWN_CHARACTERS]}` is unknown" + (f"; do you mean `{meant}`?" if meant else "")
