"""Builds the rows of the activity of records. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from typing import Any

from libs.shared.contracts.streams import CommitEvent
from libs.shared.ids import named_uuid
from libs.shared.schema import DELETED, EntityDefinition
from libs.shared.schema.comments import COMMENTS

_IDS = uuid.UUID("3f0d1d0e-6c1b-4b8e-9d0a-0a5b6d7c8e91")
UNDO = "undo"
"""The cause of a commit that takes another one back: what it creates was there before."""
ACTIONS = {"create": "created", "delete": "deleted", "restore": "restored"}
Row = dict[str, Any]


def activity_rows(event: CommitEvent, definition: EntityDefinition | None, states: Collection[str]) -> list[Row]:
    """The rows of a commit; `states` are the fields of its entity that have state machines.

    None for pairs of join tables, and for changes of comments, which show as they are today.
    """
    if event.entity == COMMENTS:
        comment = event.after
        if event.action != "create" or comment is None:
            return []
        return [row_of(event, 0, "comment", str(comment["entity"]), str(comment["record_id"]), comment=event.record_id)]
    if definition is None:
        return []
    return [
        row_of(event, sub, kind, event.entity, event.record_id, field)
        for sub, (kind, field) in enumerate(_told(event, definition, states))
    ]


def _told(
    event: CommitEvent, definition: EntityDefinition, states: Collection[str]
) -> Iterator[tuple[str, str | None]]:
    """The types of a commit's rows, each with its field."""
    if event.action != "update":
        restores = event.action == "create" and event.cause == UNDO
        yield "restored" if restores else ACTIONS[event.action], None
        return
    stamps = {field.name for field in definition.fields if field.auto == "update"} | {DELETED}
    changed = [name for name in event.changed if name not in stamps]
    for name in sorted(set(changed) & set(states)):
        yield "state_change", name
    if set(changed) - set(states):
        yield "field_update", None


def row_of(
    event: CommitEvent, sub: int, kind: str, entity: str, record_id: str, field: str | None = None,
    comment: str | None = None,
) -> Row:  # fmt: skip
    """A row; it has the same id whenever it is made."""
    return {
        "position": event.position,
        "n": event.n,
        "sub": sub,
        "id": named_uuid(_IDS, f"{event.app_id}/{event.key}/{sub}"),
        "entity": entity,
        "record_id": record_id,
        "type": kind,
        "field": field,
        "comment_id": comment,
        "at": event.at,
    }
