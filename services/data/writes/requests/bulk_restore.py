"""Restores many soft-deleted records of an entity in one commit, or none of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.errors import Detail, detail_of
from libs.shared.postgres.errors import SchemaMoved
from services.data.model import EntityModel, KeyValue
from services.data.permissions import Grant
from services.data.writes.consequences.totals import hold_parents
from services.data.writes.consequences.transaction import transaction
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.files import lost_files
from services.data.writes.requests import store
from services.data.writes.requests.bulk import absent, keys_of_ids, refuse_rows
from services.data.writes.statements.changes import Action
from services.data.writes.statements.locking import Stored, lock_records
from services.data.writes.statements.unit_of_work import RowRefused, UnitOfWork
from services.data.writes.undo.dangling_references import dangling


async def restore(
    write: WriteContext, entity: EntityModel, grant: Grant, ids: Sequence[Any], dry_run: bool = False
) -> list[Any]:
    """The records of these ids back from the trash, without files that are no more. Returns the keys.

    Raises NOT_FOUND naming the rows that are not in the trash, or that the caller may not bring back, and CONFLICT
    naming those that refer to a record that is gone.
    """
    keys = keys_of_ids(entity, ids)
    async with transaction(write, entity, Action.RESTORE, dry_run) as unit:
        await unit.transaction.execute(store.PLAN_FOR_MANY_ROWS)
        await hold_parents(write, unit, entity, keys)
        stored = await _lock(unit, entity, grant, keys)
        await restore_locked(write, unit, entity, stored)
    return [entity.key.json_value(row.record) for row in stored]


async def _lock(unit: UnitOfWork, entity: EntityModel, grant: Grant, keys: Sequence[KeyValue]) -> list[Stored]:
    if not keys:
        return []
    found = await lock_records(unit.transaction, entity, keys, grant, trashed=True)
    # Who may not bring a record back need not know what lies in the trash.
    missing = [index for index, key in enumerate(keys) if key not in found or not found[key].granted]
    if missing:
        await unit.check_schema()
    refuse_rows("NOT_FOUND", [(index, absent(entity, " in the trash")) for index in missing])
    return [found[key] for key in keys]


async def restore_locked(write: WriteContext, unit: UnitOfWork, entity: EntityModel, stored: Sequence[Stored]) -> None:
    """Bring back records of the trash that are locked. Raises CONFLICT naming the rows."""
    lost = await lost_files(unit.transaction, entity, [row.record for row in stored])
    changes = [write.change(row.key, dict.fromkeys(names)) for row, names in zip(stored, lost, strict=True)]
    try:
        written = await unit.apply(entity, Action.RESTORE, changes)
    except RowRefused as refused:
        if refused.place is None:
            raise refused.error from None
        refuse_rows(refused.error.code, [(refused.place, detail) for detail in refused.error.details])
        raise
    if None in written:
        raise SchemaMoved  # nothing else can have come between, as they are locked
    await _refuse_dangling(unit, entity, stored)


async def _refuse_dangling(unit: UnitOfWork, entity: EntityModel, stored: Sequence[Stored]) -> None:
    """Looked for when all are back, as they may refer to one another."""
    places = {entity.key.text(row.key): index for index, row in enumerate(stored)}
    problems: list[tuple[int, Detail]] = []
    for link in entity.references if stored else ():
        detail = detail_of(link.own, f"refers to a {link.entity} that is gone", "reference")
        problems += [(places[key], detail) for key in await dangling(unit, entity, link, [row.key for row in stored])]
    refuse_rows("CONFLICT", sorted(problems, key=lambda problem: problem[0]))
