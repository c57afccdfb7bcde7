"""Names that an operator may give and that have a meaning in SQL."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from typing import Any

import asyncpg

from deploy.embedded.stack import Stack
from libs.shared.schema.fields import NAME, SYSTEM_COLUMNS
from tests.architecture.sql import words

SOURCES = ("libs", "services", "deploy")
OURS = sorted(words(*SOURCES))
"""Every word in every text of SQL."""
ROWS = sorted(
    {name for word in OURS if word.startswith("_") and NAME.match(name := word.strip("_"))}
    | set(string.ascii_lowercase)
    | {"old", "new", "row", "excluded", "entry", "records", "commits", "commit", "logged", "position", "image"}
)  # fmt: skip
"""What our SQL calls rows, today and before it began these names with _; one-letter names; whole rows of PostgreSQL."""


async def all_names(stack: Stack) -> list[str]:
    """All of these, PostgreSQL's own words, and words that JSON, Liquid, Python and our interfaces give a meaning."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        keywords = [row["word"] for row in await connection.fetch("SELECT word FROM pg_get_keywords()")]
    finally:
        await connection.close()
    others = "size first last id type record user now context changes params page per_page self None class __init__"
    names = {*OURS, *ROWS, *keywords, *string.ascii_uppercase, *others.split()}
    return sorted(name for name in names if NAME.match(name) and name not in {*SYSTEM_COLUMNS, "deleted_at"})


def parted(names: Sequence[str], size: int) -> Iterator[list[str]]:
    """The names in parts of at most so many."""
    for start in range(0, len(names), size):
        yield list(names[start : start + size])


def fields_of(names: Sequence[str], kind: str) -> list[dict[str, Any]]:
    """A field of each name."""
    return [{"name": name, "type": kind} for name in names]
