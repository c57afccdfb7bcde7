"""Actions of transitions that change other records, in the same commit, with the definition's authority."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.errors import RocketError
from services.data.model import EntityModel
from services.data.rules.actions import RECORD_EFFECTS
from services.data.writes.consequences.definition_writes import change, insert
from services.data.writes.consequences.deletion import Deletion, Restricted
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.validation import Invalid
from services.data.writes.statements.locking import lock_records
from services.data.writes.statements.unit_of_work import RowRefused, UnitOfWork

DEFINITION_ERRORS = frozenset({"UNKNOWN_ENTITY", "NOT_FOUND"})
"""Errors about entities or files that the definition names and that do not exist: not the caller's fault."""


def changes_records(effects: Sequence[dict[str, Any]]) -> bool:
    """Whether some of the effects change records, and so are part of the commit."""
    return any(effect["type"] in RECORD_EFFECTS for effect in effects)


async def perform(write: WriteContext, unit: UnitOfWork, effects: Sequence[dict[str, Any]]) -> None:
    """Make the changes that effects say. A record that no longer exists is skipped.

    Raises VALIDATION_FAILED where the definition results in an invalid record, CONFLICT for taken values.
    """
    for effect in effects:
        if effect["type"] not in RECORD_EFFECTS:
            continue
        try:
            entity = write.model.entity(effect["entity"])
            if effect["type"] == "create_record":
                await insert(write, unit, entity, effect["fields"])
            else:
                await _change(write, unit, entity, effect)
        except Restricted as refusal:
            raise refusal.to(write.caller) from None
        except (Invalid, RowRefused) as problem:
            raise _failed(effect, problem) from None
        except RocketError as problem:
            if problem.code not in DEFINITION_ERRORS:
                raise
            raise _failed(effect, problem) from None


def _failed(effect: dict[str, Any], problem: Exception) -> RocketError:
    message = f"The transition's {effect['type']} of {effect['entity']} failed: {problem}"
    return RocketError("VALIDATION_FAILED", message, [{"rule": "state_machine", "message": message}])


async def _change(write: WriteContext, unit: UnitOfWork, entity: EntityModel, effect: dict[str, Any]) -> None:
    try:
        key = entity.key.parse(str(effect["record_id"]))
    except RocketError:
        return  # the template gave no key, so there is no such record
    stored = (await lock_records(unit.transaction, entity, [key], strength="UPDATE")).get(key)
    if stored is None:
        return
    if effect["type"] == "delete_record":
        await Deletion(unit).delete(entity, [stored])
        return
    await change(write, unit, entity, stored, effect["fields"])
