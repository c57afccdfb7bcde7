"""Comments as answers show them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMES = (
    "id", "entity", "record_id", "user_id", "user_email", "body", "parent_id", "mentions", "edited", "deleted",
)  # fmt: skip
TIMES = ("created_at", "updated_at")
HIDDEN = ("entity", "record_id", "notified")
"""Fields that a history leaves out: they never change, or are the server's own."""


def told_comment(record: Mapping[str, Any], entity: str) -> dict[str, Any]:
    """A stored comment with the name of its entity."""
    return {name: record[name] for name in (*NAMES, *TIMES)} | {"entity": entity, "mentions": record["mentions"] or []}


def comment_row(record: Mapping[str, Any], entity: str, replies: int) -> dict[str, Any]:
    """The same with the number of its direct replies."""
    return {**told_comment(record, entity), "reply_count": replies}


def history_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """A version of a comment without what never changes."""
    return {**entry, "changed": {name: each for name, each in entry["changed"].items() if name not in HIDDEN}}
