"""Records that somebody wants deleted: allowed, not against a rule, then deleted with what follows."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.errors import RocketError
from services.data.model import EntityModel
from services.data.permissions import grant_for
from services.data.writes import decisions
from services.data.writes.changes import Action
from services.data.writes.consent import note_deletions
from services.data.writes.deletion import Deletion, Restricted
from services.data.writes.drafts import Draft
from services.data.writes.rows import Stored, lock_records
from services.data.writes.transaction import Writing
from services.data.writes.work import Work


async def remove(work: Work, writing: Writing, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Delete stored records (their drafts' bodies are empty) with the caller's rights.

    Raises FORBIDDEN, VALIDATION_FAILED for violated rules, CONFLICT where a relation restricts it.
    """
    if not drafts:
        return
    grant = grant_for(entity, "delete", work.caller)
    keys = [draft.stored.key for draft in drafts if draft.stored]
    locked = await lock_records(writing.transaction, entity, keys, grant, "UPDATE")
    rows: list[Stored] = []
    for draft in drafts:
        stored = locked.get(draft.stored.key) if draft.stored else None
        if stored is not None:
            if not stored.granted:
                raise draft.refuse(RocketError("FORBIDDEN", f"You may not delete this {entity.name}"))
            rows.append(stored)
    await remove_locked(work, writing, entity, drafts, rows)


async def remove_locked(
    work: Work,
    writing: Writing,
    entity: EntityModel,
    drafts: Sequence[Draft],
    rows: Sequence[Stored],
    is_all: bool = False,
) -> None:
    """Delete what is locked already and may be deleted; the drafts are what the rules look at.

    `is_all` says that these rows are the whole commit. Raises VALIDATION_FAILED, CONFLICT.
    """
    await decisions.decide(work, writing.transaction, entity, Action.DELETE, drafts)
    note_deletions(work, entity, drafts)
    try:
        # What may be taken back must not take a position.
        await Deletion(writing, is_all and work.consent is None).delete(entity, rows)
    except Restricted as refusal:
        named = [d for d in drafts if d.stored and (entity.name, d.stored.key) in refusal.records]
        told = refusal.to(work.caller)
        raise (named[0].refuse(told) if named else told) from None
