"""Records that somebody wants deleted: allowed, not against a rule, then deleted with what follows."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.errors import RocketError
from services.data.model import EntityModel
from services.data.permissions import grant_for
from services.data.writes.consequences.deletion import Deletion, Restricted
from services.data.writes.context.drafts import Draft
from services.data.writes.context.write_context import WriteContext
from services.data.writes.deciding import decisions
from services.data.writes.statements.changes import Action
from services.data.writes.statements.locking import Stored, lock_records
from services.data.writes.statements.unit_of_work import UnitOfWork
from services.data.writes.synchronous_webhooks.rehearsal import note_deletions


async def remove(write: WriteContext, unit: UnitOfWork, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Delete stored records (their drafts' bodies are empty) with the caller's rights.

    Raises FORBIDDEN, VALIDATION_FAILED for violated rules, CONFLICT where a relation restricts it.
    """
    if not drafts:
        return
    grant = grant_for(entity, "delete", write.caller)
    keys = [draft.stored.key for draft in drafts if draft.stored]
    locked = await lock_records(unit.transaction, entity, keys, grant, "UPDATE")
    rows: list[Stored] = []
    for draft in drafts:
        stored = locked.get(draft.stored.key) if draft.stored else None
        if stored is not None:
            if not stored.granted:
                raise draft.refuse(RocketError("FORBIDDEN", f"You may not delete this {entity.name}"))
            rows.append(stored)
    await remove_locked(write, unit, entity, drafts, rows)


async def remove_locked(
    write: WriteContext,
    unit: UnitOfWork,
    entity: EntityModel,
    drafts: Sequence[Draft],
    rows: Sequence[Stored],
    is_all: bool = False,
) -> None:
    """Delete what is locked already and may be deleted; the drafts are what the rules look at.

    `is_all` says that these rows are the whole commit. Raises VALIDATION_FAILED, CONFLICT.
    """
    await decisions.decide(write, unit.transaction, entity, Action.DELETE, drafts)
    note_deletions(write, entity, drafts)
    try:
        # What may be taken back must not take a position.
        await Deletion(unit, is_all and write.approval is None).delete(entity, rows)
    except Restricted as refusal:
        named = [d for d in drafts if d.stored and (entity.name, d.stored.key) in refusal.records]
        told = refusal.to(write.caller)
        raise (named[0].refuse(told) if named else told) from None
