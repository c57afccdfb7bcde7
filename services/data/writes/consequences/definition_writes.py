"""Writes with the authority of a definition: no permissions, rules or machines; what is computed is computed."""

from __future__ import annotations

from typing import Any

from services.data.model import EntityModel
from services.data.writes.context.drafts import Draft
from services.data.writes.context.write_context import WriteContext
from services.data.writes.deciding.decisions import compute
from services.data.writes.preparing.preparing import complete
from services.data.writes.preparing.references import missing_references
from services.data.writes.preparing.validation import Invalid, validate_create, validate_update
from services.data.writes.statements.changes import Action, RowChange, Written
from services.data.writes.statements.locking import Stored
from services.data.writes.statements.unit_of_work import UnitOfWork


async def insert(write: WriteContext, unit: UnitOfWork, entity: EntityModel, fields: dict[str, Any]) -> Written:
    """A new record. Raises Invalid for values that the fields can't hold, RowRefused for taken ones."""
    draft = Draft(fields, values=validate_create(entity, fields))
    await compute(write, unit.transaction, entity, Action.CREATE, draft)
    await complete(write, unit.transaction, entity, Action.CREATE, draft)
    key = entity.key.of(draft.values) if set(entity.key.names) <= set(draft.values) else None
    return await _apply(unit, entity, Action.CREATE, write.change(key, draft.values))


async def change(
    write: WriteContext, unit: UnitOfWork, entity: EntityModel, stored: Stored, fields: dict[str, Any]
) -> Written | None:
    """Other values for a locked record; None where there is nothing to set. Raises as `insert` does."""
    draft = Draft(fields, stored, values=validate_update(entity, fields))
    if not draft.values:
        return None
    await compute(write, unit.transaction, entity, Action.UPDATE, draft)
    await complete(write, unit.transaction, entity, Action.UPDATE, draft)
    return await _apply(unit, entity, Action.UPDATE, write.change(stored.key, draft.values))


async def _apply(unit: UnitOfWork, entity: EntityModel, action: Action, row: RowChange) -> Written:
    [written] = await unit.apply(entity, action, [row])
    if written is None:
        await unit.check_schema()
        [details] = await missing_references(unit.transaction, entity, [row])
        raise Invalid(details or [{"message": "it refers to records that are not there"}])
    return written
