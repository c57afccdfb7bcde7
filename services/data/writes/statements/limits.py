"""Names the field and the row for which PostgreSQL has refused a statement because of its limits. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared.errors import Detail, RocketError
from libs.shared.postgres.limits import MAX_INDEX_ENTRY_BYTES, Limit, LimitReached
from services.data.model import EntityModel

FIELD_INDEXES = ("_u_", "_o_", "_i_", "_r_", "_l_")
"""How names of the indexes of one field begin; they end with the numbers of the entity and the field
(services/metadata/planning/indexes.py)."""
KEY_INDEXES = ("_p_", "commits_")
"""How names of the indexes begin that hold a record's key: the table's, and the log's."""
Row = Mapping[str, Any]


def name_limit(entity: EntityModel, rows: Sequence[Row], limit: LimitReached) -> tuple[int | None, RocketError]:
    """The place of the row that reached a limit, if known, and the error for the caller, which names the fields.

    `rows` are the values that the refused statement was given.
    """
    names = _fields(entity, rows, limit)
    place = _place(rows, names)
    if not names:
        return place, limit
    details: list[Detail] = [{"field": name, "rule": "limit", "message": limit.limit.value} for name in names]
    return place, RocketError(limit.code, f"{', '.join(names)} {limit.limit.value}", details)


def _fields(entity: EntityModel, rows: Sequence[Row], limit: LimitReached) -> list[str]:
    if limit.limit is Limit.SEQUENCE:
        return list(entity.key.names)
    if limit.limit is not Limit.INDEX:
        return []
    if limit.owner.startswith(KEY_INDEXES):
        return list(entity.key.names)
    if limit.owner.startswith(FIELD_INDEXES):
        number, field_id = limit.owner.split("_")[-2:]
        if number == str(entity.number):
            return [name for name, known in entity.image_ids.items() if known == field_id]
    return _longest(entity, rows)


def _longest(entity: EntityModel, rows: Sequence[Row]) -> list[str]:
    """The indexed field with the longest value, for values so long that PostgreSQL names no index."""
    indexed = {name for name, field in entity.fields.items() if field.unique or field.indexed}
    indexed |= {*entity.key.names, *(link.own for link in entity.references)}
    sizes = {name: max((_size(row.get(name)) for row in rows), default=0) for name in sorted(indexed)}
    longest = max(sizes, key=lambda name: sizes[name], default="")
    return [longest] if sizes.get(longest, 0) > MAX_INDEX_ENTRY_BYTES else []


def _place(rows: Sequence[Row], names: Sequence[str]) -> int | None:
    if len(rows) == 1:
        return 0
    long = [
        place for place, row in enumerate(rows) if sum(_size(row.get(name)) for name in names) > MAX_INDEX_ENTRY_BYTES
    ]
    return long[0] if len(long) == 1 else None


def _size(value: Any) -> int:
    return len(value.encode()) if isinstance(value, str) else 0
