"""Removes a file: refused while records hold it, or with `force` taken out of them in the same commit.

Records in the trash hold their files too, as they can be restored. They are named, but not changed: a restore leaves
out files that no longer exist. History and `as_of` still show that there was a file.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from libs.shared.errors import MAX_DETAILS, RocketError, not_found
from libs.shared.postgres.databases import Connection, Record
from services.data.files import store
from services.data.model import EntityModel, Model
from services.data.writes.context.write_context import WriteContext
from services.data.writes.statements.changes import Action
from services.data.writes.statements.locking import Stored, lock_holding
from services.data.writes.statements.unit_of_work import MAX_ROWS, UnitOfWork


@dataclass(frozen=True, slots=True)
class Holder:
    """A record that holds the file in some of its fields."""

    entity: EntityModel
    stored: Stored
    fields: list[str]
    trashed: bool


async def remove(write: WriteContext, file_id: uuid.UUID, force: bool) -> Record:
    """Delete a file's description, and with `force` take it out of the records that hold it. Returns the description.

    Raises NOT_FOUND, and CONFLICT naming the records that hold it.
    """
    app = write.context.the_app
    await write.resources.relay.activate(app)
    async with write.database.transaction() as transaction:
        # Waits for writes that attach it at this moment; later ones will not find it.
        if await transaction.fetchval(store.LOCK, file_id) is None:
            raise not_found("File")
        unit = UnitOfWork(transaction, write.model, write.command)
        holders = await _holders(transaction, write.model, str(file_id))
        if holders and not force:
            raise _held(holders)
        await _clear(write, unit, holders)
        write.position = await unit.finish()
        row: Record | None = await transaction.fetchrow(store.REMOVE, file_id)
    assert row is not None, "it is locked"
    if write.position:
        write.resources.relay.wake(app)
    return row


async def _holders(transaction: Connection, model: Model, file_id: str) -> list[Holder]:
    """The records that hold the file, live ones first."""
    found: list[Holder] = []
    for name in model.schema.entities:
        entity = model.entity(name)
        fields = [field.name for field in entity.files]
        for trashed in (False, True) if entity.soft_delete else (False,):
            for stored in await lock_holding(transaction, entity, fields, file_id, trashed) if fields else ():
                own = [field for field in fields if (stored.record.get(field) or {}).get("id") == file_id]
                found.append(Holder(entity, stored, own, trashed))
        if len(found) > MAX_ROWS:
            raise RocketError("CONFLICT", f"More than {MAX_ROWS} records hold this file")
    return sorted(found, key=lambda holder: holder.trashed)


async def _clear(write: WriteContext, unit: UnitOfWork, holders: list[Holder]) -> None:
    """Take the file out of live records."""
    for name in {holder.entity.name for holder in holders}:
        mine = [holder for holder in holders if holder.entity.name == name and not holder.trashed]
        changes = [write.change(holder.stored.key, dict.fromkeys(holder.fields)) for holder in mine]
        if mine and None in await unit.apply(mine[0].entity, Action.UPDATE, changes):
            await unit.check_schema()


def _held(holders: list[Holder]) -> RocketError:
    message = f"The file is held by {len(holders)} record(s); force=true takes it out of them"
    return RocketError("CONFLICT", message, islice(_details(holders), MAX_DETAILS))


def _details(holders: list[Holder]) -> Iterator[dict[str, object]]:
    for holder in holders:
        record_id = holder.entity.key.text(holder.stored.key)
        where = "in the trash " if holder.trashed else ""
        for field in holder.fields:
            message = f"{holder.entity.name} {record_id} {where}holds it"
            yield {
                "entity": holder.entity.name,
                "record_id": record_id,
                "field": field,
                "rule": "held",
                "message": message,
            }
