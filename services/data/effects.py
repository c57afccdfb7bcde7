"""Effects that other services ask for: exactly once per effect key, for ever."""

from __future__ import annotations

from libs.shared.contracts.records import Effected, SetFields
from libs.shared.errors import RocketError
from services.data.model import EntityModel
from services.data.writes import slugs
from services.data.writes.changes import Action, Values
from services.data.writes.drafts import Draft
from services.data.writes.files import resolve_files
from services.data.writes.references import refuse_missing, refuse_moved_anchors
from services.data.writes.rows import lock_records
from services.data.writes.totals import hold_parents
from services.data.writes.transaction import Refused, Writing
from services.data.writes.validation import Invalid, validate_update
from services.data.writes.work import Work

REMEMBER = """
INSERT INTO data.effects (effect_key) VALUES ($1) ON CONFLICT (effect_key) DO NOTHING RETURNING effect_key
"""
REMEMBERED = "SELECT position FROM data.effects WHERE effect_key = $1"
NOTE = "UPDATE data.effects SET position = $2 WHERE effect_key = $1"


async def set_fields(work: Work, question: SetFields) -> Effected:
    """Set fields with the definition's authority. A record that is gone is no failure: position 0.

    Raises VALIDATION_FAILED for values that the fields can't hold, CONFLICT for taken ones.
    """
    entity = work.model.entity(question.entity)
    values = _values(entity, question)
    if not values:
        return Effected(0)  # the key, an auto field or the trash mark: not for anybody to set
    repeated = False
    work.checks_rules = False
    async with work.transaction(entity, Action.UPDATE) as writing:
        if await writing.transaction.fetchval(REMEMBER, question.effect_key) is None:
            repeated = True
        else:
            await _set(work, writing, entity, question, values)
            work.position = await writing.finish()
            await writing.transaction.execute(NOTE, question.effect_key, work.position)
    if repeated:
        return Effected(await work.database.fetchval(REMEMBERED, question.effect_key), repeated=True)
    return Effected(work.position)


def _values(entity: EntityModel, question: SetFields) -> Values:
    try:
        return validate_update(entity, question.values)
    except Invalid as invalid:
        raise RocketError("VALIDATION_FAILED", str(invalid), invalid.details) from None


async def _set(work: Work, writing: Writing, entity: EntityModel, question: SetFields, values: Values) -> None:
    key = entity.key.parse(question.record_id)
    await hold_parents(work, writing, entity, [key], [question.values])
    stored = (await lock_records(writing.transaction, entity, [key])).get(key)
    if stored is None:
        return
    draft = Draft(question.values, stored, values=values)
    await resolve_files(writing.transaction, entity, values)
    await slugs.assign(writing.transaction, entity, Action.UPDATE, [draft])
    await refuse_moved_anchors(writing.transaction, work.model, entity, [draft])
    change = work.change(key, draft.values)
    try:
        outcome = await writing.apply(entity, Action.UPDATE, [change])
    except Refused as refused:
        raise refused.error from None
    if outcome == [None]:
        await refuse_missing(writing.transaction, entity, change)
        await writing.check_schema()
