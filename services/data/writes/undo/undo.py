"""Takes a commit back by another commit: the inverse of each of its entries, the last one's first.

1. Plan: the inverse of each entry.
2. Lock all records, and compare the log: what has changed since is not overwritten.
3. Refuse what the caller may not do. Rules and guards are not asked, constraints hold. A state goes back by a
   transition that the caller's roles may take; only admins may make every move.
4. Apply the inverses, and look for references to what is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.errors import RocketError, not_found
from services.data.log.entries import title_of
from services.data.log.store import commit_size, find_position, load_entries
from services.data.model import EntityModel
from services.data.writes.consequences.transaction import transaction
from services.data.writes.context.write_context import WriteContext
from services.data.writes.statements.changes import Action
from services.data.writes.statements.unit_of_work import MAX_ROWS, UnitOfWork
from services.data.writes.undo import store
from services.data.writes.undo.inverses import conflicts, entity_of, plan, relation_of, without_totals
from services.data.writes.undo.restored_files import refuse_files
from services.data.writes.undo.state_moves import refuse_moves
from services.data.writes.undo.undoing import Undoing

MAX_IMAGE_BYTES = 64 * 1024 * 1024
"""Bytes of images, as the log keeps them, of a commit that can be undone."""
MAX_NAMED_RECORDS = 1_000
"""Records that the response of an undo names."""


async def undo(write: WriteContext, named: str) -> dict[str, Any]:
    """Take a commit back. Returns what the new commit is: commit_id, position, size, the first records.

    Raises NOT_FOUND, FORBIDDEN, CONFLICT naming the records that have changed since or can't be put back.
    """
    position = await find_position(write.database, named)
    if position is None:
        raise not_found("Commit")
    anchor = await _anchor(write, position)
    write.checks_rules = False
    async with transaction(write, anchor, Action.UPDATE) as unit:
        entries = without_totals(write.model, await _entries(unit, position))
        steps = plan(write.model, entries)
        undoing = Undoing(write, unit, steps)
        before = await undoing.lock()
        await _refuse_changed(unit, entries)
        refuse_moves(write.model, write.caller, steps, before)
        await refuse_files(write, unit, steps, before)
        await undoing.run()
    named_records = [
        {"entity": title_of(write.model.schema, number), "record_id": record_id, "version": version, "action": action}
        for number, record_id, version, action, *_ in unit.entries[:MAX_NAMED_RECORDS]
    ]
    size = len(unit.entries)
    return {
        "commit_id": str(write.command.id), "position": write.position, "size": size, "records": named_records,
    }  # fmt: skip


async def _anchor(write: WriteContext, position: int) -> EntityModel:
    """An entity that the commit is about, for the trace."""
    number: int = await write.database.fetchval(store.FIRST_ENTITY, position)
    relation = relation_of(write.model, number)
    return write.model.entity(relation.source) if relation else entity_of(write.model, number)


async def _entries(unit: UnitOfWork, position: int) -> Sequence[Any]:
    records, size = await commit_size(unit.transaction, position)
    if records > MAX_ROWS or size > MAX_IMAGE_BYTES:
        raise RocketError("CONFLICT", "This commit is too large to be undone")
    return await load_entries(unit.transaction, position, records)


async def _refuse_changed(unit: UnitOfWork, entries: Sequence[Any]) -> None:
    """Raises CONFLICT naming the records, and pairs, that have newer versions than the entries' own."""
    left = {(entry["entity"], entry["record_id"]): 0 for entry in entries}
    for entry in entries:
        name = (entry["entity"], entry["record_id"])
        left[name] = max(left[name], entry["version"])
    rows = await unit.transaction.fetch(store.NEWEST_VERSIONS, *map(list, zip(*left, strict=True)))
    newer = [(r["entity"], r["record_id"]) for r in rows if r["version"] != left[r["entity"], r["record_id"]]]
    if newer:
        schema = unit.model.schema
        raise conflicts([(title_of(schema, n), record_id, "it has changed since") for n, record_id in sorted(newer)])
