"""What transitions do to other records: in the same commit, with the definition's authority."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.errors import RocketError
from services.data.model import EntityModel
from services.data.writes.changes import Action
from services.data.writes.deletion import Deletion
from services.data.writes.files import resolve_files
from services.data.writes.rows import lock_records
from services.data.writes.transaction import Taken, Writing
from services.data.writes.validation import Invalid, validate_create, validate_update
from services.data.writes.work import Work

RECORD_EFFECTS = frozenset({"create_record", "update_record", "delete_record"})
"""Effects that are changes of records, and so belong into the commit itself."""


def changes_records(effects: Sequence[dict[str, Any]]) -> bool:
    """Whether some of the effects belong into the commit."""
    return any(effect["type"] in RECORD_EFFECTS for effect in effects)


async def perform(work: Work, writing: Writing, effects: Sequence[dict[str, Any]]) -> None:
    """Make the changes that effects say. A record that is gone is no failure.

    Raises VALIDATION_FAILED where the definition makes an impossible record, CONFLICT for taken values.
    """
    for effect in effects:
        if effect["type"] not in RECORD_EFFECTS:
            continue
        entity = work.model.entity(effect["entity"])
        try:
            await _perform(work, writing, entity, effect)
        except (Invalid, Taken) as problem:
            message = f"The transition's {effect['type']} of {entity.name} failed: {problem}"
            raise RocketError("VALIDATION_FAILED", message, [{"rule": "state_machine", "message": message}]) from None


async def _perform(work: Work, writing: Writing, entity: EntityModel, effect: dict[str, Any]) -> None:
    if effect["type"] == "create_record":
        values = validate_create(entity, effect["fields"])
        await resolve_files(writing.transaction, entity, [values])
        key = entity.key.of(values) if set(entity.key.names) <= set(values) else None
        written = await writing.apply(entity, Action.CREATE, [work.change(key, values)])
        if written == [None]:
            raise Invalid([{"message": "it refers to records that are not there"}])
        return
    key = entity.key.parse(str(effect["record_id"]))
    stored = (await lock_records(writing.transaction, entity, [key], strength="UPDATE")).get(key)
    if stored is None:
        return
    if effect["type"] == "delete_record":
        await Deletion(writing).delete(entity, [stored])
        return
    values = validate_update(entity, effect["fields"])
    await resolve_files(writing.transaction, entity, [values])
    if values:
        await writing.apply(entity, Action.UPDATE, [work.change(key, values)])
