"""When an acyclic relation must be checked for cycles. Pure."""

from __future__ import annotations

from libs.shared.schema import Relation


def needs_check(before: Relation | None, after: Relation) -> bool:
    """Whether existing records may have cycles: the relation was not acyclic before, or used other fields."""
    if not after.acyclic:
        return False
    return before is None or not before.acyclic or _fields(before) != _fields(after)


def _fields(relation: Relation) -> tuple[str, str, str]:
    return relation.target, relation.source_key, relation.target_key
