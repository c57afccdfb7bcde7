"""Sets fields for other services (steps of workflows), exactly once per effect key."""

from __future__ import annotations

from libs.shared.contracts.records import Effected, SetFields
from libs.shared.errors import RocketError
from services.data.model import EntityModel
from services.data.writes.consequences.totals import hold_parents
from services.data.writes.consequences.transaction import transaction
from services.data.writes.context.drafts import Draft
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.preparing import complete
from services.data.writes.preparing.references import refuse_missing
from services.data.writes.preparing.validation import Invalid, validate_update
from services.data.writes.requests import store
from services.data.writes.statements.changes import Action, Values
from services.data.writes.statements.locking import lock_records
from services.data.writes.statements.unit_of_work import RowRefused, UnitOfWork


async def set_fields(write: WriteContext, request: SetFields) -> Effected:
    """Set fields with the definition's authority. A record that is gone is no failure: position 0.

    Raises VALIDATION_FAILED for values that the fields can't hold, CONFLICT for taken ones.
    """
    entity = write.model.entity(request.entity)
    values = _values(entity, request)
    if not values:
        return Effected(0)  # the key, an auto field or the trash mark: not for anybody to set
    repeated = False
    write.checks_rules = False
    async with transaction(write, entity, Action.UPDATE) as unit:
        if await unit.transaction.fetchval(store.REMEMBER_EFFECT, request.effect_key) is None:
            repeated = True
        else:
            await _set(write, unit, entity, request, values)
            write.position = await unit.finish()
            await unit.transaction.execute(store.NOTE_POSITION, request.effect_key, write.position)
    if repeated:
        return Effected(await write.database.fetchval(store.EFFECT_POSITION, request.effect_key), repeated=True)
    return Effected(write.position)


def _values(entity: EntityModel, request: SetFields) -> Values:
    try:
        return validate_update(entity, request.values)
    except Invalid as invalid:
        raise RocketError("VALIDATION_FAILED", str(invalid), invalid.details) from None


async def _set(write: WriteContext, unit: UnitOfWork, entity: EntityModel, request: SetFields, values: Values) -> None:
    key = entity.key.parse(request.record_id)
    await hold_parents(write, unit, entity, [key], [request.values])
    stored = (await lock_records(unit.transaction, entity, [key])).get(key)
    if stored is None:
        return
    draft = Draft(request.values, stored, values=values)
    await complete(write, unit.transaction, entity, Action.UPDATE, draft)
    change = write.change(key, draft.values)
    try:
        outcome = await unit.apply(entity, Action.UPDATE, [change])
    except RowRefused as refused:
        raise refused.error from None
    if outcome == [None]:
        await refuse_missing(unit.transaction, entity, change)
        await unit.check_schema()
