"""Effects of workflows, exactly once per effect key.

The key is stored in the transaction of the effect. A repetition finds it, and gets the answer of the first time from
the log: the record as that commit left it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from libs.shared import exact
from libs.shared.contracts.effects import AddRecord, Effected, MoveState, RemoveRecord, SetFields
from libs.shared.errors import RocketError, detail_of, not_found
from services.data.log.entries import field_names, images
from services.data.log.store import last_images
from services.data.model import EntityModel
from services.data.rules.forms import now_text
from services.data.rules.machines import Machine
from services.data.writes.consequences.definition_writes import change, insert
from services.data.writes.consequences.totals import hold_parents, settle
from services.data.writes.consequences.transaction import EffectRepeated, transaction
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.validation import Invalid
from services.data.writes.requests import records, store
from services.data.writes.requests.attempts import in_attempts
from services.data.writes.requests.records import Target
from services.data.writes.statements.changes import Action, Written
from services.data.writes.statements.locking import Stored, lock_records
from services.data.writes.statements.unit_of_work import RowRefused

Effect = SetFields | AddRecord | RemoveRecord | MoveState


async def perform_once(
    write: WriteContext, request: Effect, run: Callable[[WriteContext, Any], Awaitable[Effected]]
) -> Effected:
    """The outcome of `run`, or that of the first time. Raises what `run` raises, when nothing was changed."""
    write.by_definition = True
    try:
        return await run(write, request)
    except EffectRepeated:
        return await _first_outcome(write, request)
    except RocketError:
        # Names may have changed since the first time, and rules may refuse what was allowed then.
        if await write.database.fetchval(store.EFFECT_POSITION, request.effect_key) is None:
            raise
        return await _first_outcome(write, request)


async def set_fields(write: WriteContext, request: SetFields) -> Effected:
    """Set fields, bypassing rules. A record that is gone is no failure.

    Raises VALIDATION_FAILED for values that the fields can't hold, CONFLICT for taken ones.
    """
    entity = write.model.entity(request.entity)
    values = _timed(write, entity, request)
    return await _written(write, entity, values, partial(_set, write, entity, request.record_id, values))


async def _set(write: WriteContext, entity: EntityModel, record_id: str, values: dict[str, Any]) -> Effected:
    key = entity.key.parse(record_id)
    async with transaction(write, entity, Action.UPDATE) as unit:
        await hold_parents(write, unit, entity, [key], [values])
        stored = (await lock_records(unit.transaction, entity, [key])).get(key)
        written = await change(write, unit, entity, stored, values) if stored else None
        await settle(write, unit)
    settled = unit.settled.get((entity.number, entity.key.text(key)), written)
    return _effected(write, entity.key.text(key), settled or stored)


async def add_record(write: WriteContext, request: AddRecord) -> Effected:
    """A new record, bypassing rules. Raises as `set_fields` does."""
    entity = write.model.entity(request.entity)
    values = _timed(write, entity, request)
    return await _written(write, entity, values, partial(_add, write, entity, values))


async def _add(write: WriteContext, entity: EntityModel, values: dict[str, Any]) -> Effected:
    async with transaction(write, entity, Action.CREATE) as unit:
        await hold_parents(write, unit, entity, bodies=[values])
        written = await insert(write, unit, entity, values)
        await settle(write, unit)
    return _effected(write, written.key, unit.settled.get((entity.number, written.key), written))


async def remove_record(write: WriteContext, request: RemoveRecord) -> Effected:
    """Delete a record; its rules and relations may refuse that. One that was deleted before is no failure."""
    entity = write.model.entity(request.entity)
    key = entity.key.parse(request.record_id)
    text = entity.key.text(key)
    try:
        await records.delete(write, entity, Target(key))
    except RocketError as refusal:
        if refusal.code != "NOT_FOUND" or not await last_images(write.database, write.model.schema, entity, [text]):
            raise
        return Effected(0, record_id=text)
    return await _first_outcome(write, request, repeated=False)


async def move_state(write: WriteContext, request: MoveState) -> Effected:
    """Take a transition. Raises VALIDATION_FAILED where there is none, or a guard or rule refuses it; NOT_FOUND."""
    entity = write.model.entity(request.entity)
    machine = _machine(write.model.rules(entity.name).machines, request)
    key = entity.key.parse(request.record_id)
    outcome = await records.update(write, entity, Target(key), {machine.field: request.to})
    return _effected(write, entity.key.text(key), outcome)


def _machine(machines: list[Machine], request: MoveState) -> Machine:
    """The machine that is meant. Raises VALIDATION_FAILED."""
    about = f"{request.entity}.{request.field}" if request.field else request.entity
    found = [machine for machine in machines if request.field in ("", machine.field)]
    if len(found) > 1:
        found = [machine for machine in found if request.to in machine.states]
    if len(found) == 1:
        return found[0]
    why = f"several state machines of {about} know {request.to}: name the field" if found else _none(machines, about)
    raise RocketError("VALIDATION_FAILED", why, [detail_of(request.field or "field", why, "state_machine")])


def _none(machines: list[Machine], about: str) -> str:
    fields = ", ".join(machine.field for machine in machines)
    return f"{about} has no state machine that could take the transition" + (
        f" (those are on {fields})" if fields else ""
    )


def _timed(write: WriteContext, entity: EntityModel, request: SetFields | AddRecord) -> dict[str, Any]:
    """The values, with the current time in the fields that take it."""
    now = {name: now_text(entity.fields.get(name), write.now) for name in request.now}
    return {**request.values, **now}


async def _written(
    write: WriteContext, entity: EntityModel, values: dict[str, Any], run: Callable[[], Awaitable[Effected]]
) -> Effected:
    """What `run` returns, which bypasses rules."""
    write.checks_rules = False
    return await in_attempts(write, entity, Action.UPDATE, [values], partial(_explained, run), asks=False)


async def _explained(run: Callable[[], Awaitable[Effected]]) -> Effected:
    try:
        return await run()
    except Invalid as invalid:
        raise RocketError("VALIDATION_FAILED", str(invalid), invalid.details) from None
    except RowRefused as refused:
        raise refused.error from None


def _effected(write: WriteContext, record_id: str, outcome: Written | Stored | None) -> Effected:
    record = exact.loads(outcome.record_text) if outcome is not None else None
    return Effected(write.position, record_id=record_id, record=record)


async def _first_outcome(write: WriteContext, request: Effect, repeated: bool = True) -> Effected:
    """The outcome of an effect that is committed: its record as that commit has left it."""
    position: int = await write.database.fetchval(store.EFFECT_POSITION, request.effect_key)
    known = write.model.schema.entities.get(request.entity)
    entity = write.model.entity(known.name) if known else None
    record_id = None if isinstance(request, AddRecord) else _canonical(entity, request.record_id)
    if not position:
        return Effected(0, repeated, record_id or "", await _now(write, entity, record_id))
    rows = await write.database.fetch(store.EFFECT_ENTRIES, position, record_id, entity.number if entity else None)
    if not rows:
        raise not_found("Record")
    own = [row for row in rows if (row["entity"], row["record_id"]) == (rows[0]["entity"], rows[0]["record_id"])]
    before, after = images(own[-1], field_names(write.model.schema, own[-1]["entity"]))
    return Effected(position, repeated, own[-1]["record_id"], before if after is None else after)


async def _now(write: WriteContext, entity: EntityModel | None, record_id: str | None) -> dict[str, Any] | None:
    """The record of an effect that changed nothing."""
    if entity is None or record_id is None:
        return None
    async with write.database.transaction() as connection:
        stored = await lock_records(connection, entity, [entity.key.parse(record_id)])
    return next((each.record for each in stored.values()), None)


def _canonical(entity: EntityModel | None, record_id: str) -> str:
    try:
        return entity.key.text(entity.key.parse(record_id)) if entity else record_id
    except RocketError:
        return record_id
