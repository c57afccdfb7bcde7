"""Creates, updates, deletes and restores single records.

There are two ways. What can be decided from the request alone becomes one statement, which other requests of the same
moment share. What reads stored records (rules, transitions, nested rows, relations, totals) is a transaction that locks
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from libs.shared import exact
from libs.shared.errors import RocketError, not_found
from libs.shared.etags import refuse_other
from libs.shared.postgres.errors import SchemaMoved
from services.data.model import EntityModel, KeyValue
from services.data.permissions import EVERYTHING, Grant
from services.data.writes.consequences.comments import has_comments
from services.data.writes.consequences.deletion import has_dependents, remove
from services.data.writes.consequences.totals import hold_parents, settle
from services.data.writes.consequences.transaction import transaction
from services.data.writes.consequences.transition_actions import changes_records
from services.data.writes.context.drafts import Draft
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.field_permissions import check_fields, may_write
from services.data.writes.preparing.files import lost_files, names_files
from services.data.writes.preparing.preparing import prepare
from services.data.writes.preparing.readable_references import is_held_to_reading, refuse_hidden
from services.data.writes.preparing.references import refuse_lost_references, refuse_missing
from services.data.writes.requests.attempts import in_attempts
from services.data.writes.statements.changes import Action, Written
from services.data.writes.statements.locking import Stored, lock_records
from services.data.writes.statements.unit_of_work import RowRefused, UnitOfWork
from services.data.writes.tree.nested import take_nested
from services.data.writes.tree.tree import Tree


@dataclass(frozen=True, slots=True)
class Target:
    """The record that is to be changed, the grant for it, and the versions that it may have."""

    key: KeyValue
    grant: Grant = EVERYTHING
    versions: frozenset[int] | None = None
    """None for any."""

    @property
    def fits_one_statement(self) -> bool:
        """Whether a statement that compares one version, in any record, can find it."""
        return self.grant.is_everywhere and (self.versions is None or len(self.versions) == 1)

    @property
    def if_version(self) -> int | None:
        """The version, where it is one."""
        return next(iter(self.versions)) if self.versions is not None and len(self.versions) == 1 else None


class PreconditionFailed(Exception):
    """The statement found no such record in such a version."""


async def create(write: WriteContext, entity: EntityModel, body: dict[str, Any]) -> Written:
    """A new record with its nested rows. Raises what preparing and storing raise."""
    run = partial(_create, write, entity, body)
    return await (run() if write.runs_once(entity) else in_attempts(write, entity, Action.CREATE, [body], run))


async def _create(write: WriteContext, entity: EntityModel, body: dict[str, Any]) -> Written:
    draft = _draft(entity, body)
    alone = entity.key.generated and not draft.nested and not (entity.files and names_files(entity, body))
    if not alone or entity.is_gapless or _reads_stored(write, entity, Action.CREATE):
        return await _create_in_transaction(write, entity, body)
    if not write.caller.is_admin:
        check_fields(write, entity, Action.CREATE, [draft])
    [change] = await prepare(write, write.database, entity, Action.CREATE, [draft])
    if entity.references:
        await refuse_hidden(write, write.database, entity, [draft])
    closes_cycle = entity.trees and entity.may_close_cycle(change.values, is_new=True)
    if closes_cycle or (draft.effects and changes_records(draft.effects)):
        return await _create_in_transaction(write, entity, body)
    written = await write.commit_one(entity, Action.CREATE, change)
    if written is None:
        await refuse_missing(write.database, entity, change)
        raise SchemaMoved
    return written


async def _create_in_transaction(write: WriteContext, entity: EntityModel, body: dict[str, Any]) -> Written:
    draft = _draft(entity, body)
    async with transaction(write, entity, Action.CREATE) as unit:
        await hold_parents(write, unit, entity, bodies=[body])
        await Tree(write, unit).save(entity, Action.CREATE, [draft])
        await settle(write, unit)
    assert draft.written is not None, "what is created is written, or raises"
    return unit.settled.get((entity.number, draft.written.key), draft.written)


async def update(write: WriteContext, entity: EntityModel, target: Target, body: dict[str, Any]) -> Written | Stored:
    """A partial update with its nested rows. Returns what is stored where it sets nothing.

    Raises PreconditionFailed, or what refuses another record than the target (see `refuse_mismatch`).
    """
    run = partial(_update, write, entity, target, body)
    return await (run() if write.runs_once(entity) else in_attempts(write, entity, Action.UPDATE, [body], run))


async def _update(write: WriteContext, entity: EntityModel, target: Target, body: dict[str, Any]) -> Written | Stored:
    draft = _draft(entity, body)
    if not body or draft.nested or not target.fits_one_statement or _update_reads_stored(write, entity, draft):
        return await _update_in_transaction(write, entity, target, body)
    [change] = await prepare(write, write.database, entity, Action.UPDATE, [draft])
    moves = entity.anchors and not entity.anchors.isdisjoint(change.values)
    closes_cycle = entity.trees and entity.may_close_cycle(change.values, is_new=False)
    if not change.values or moves or closes_cycle or (draft.effects and changes_records(draft.effects)):
        return await _update_in_transaction(write, entity, target, body)
    change.key, change.if_version = target.key, target.if_version
    written = await write.commit_one(entity, Action.UPDATE, change)
    if written is None:
        await refuse_missing(write.database, entity, change)
        raise PreconditionFailed
    return written


def _update_reads_stored(write: WriteContext, entity: EntityModel, draft: Draft) -> bool:
    slug = entity.definition.slug
    regenerates = slug is not None and slug.regenerate_on_update and slug.source in draft.body
    if regenerates or not entity.anchors.isdisjoint(draft.body) or (entity.files and names_files(entity, draft.body)):
        return True
    if not may_write(write, entity, draft) or (entity.references and is_held_to_reading(write, entity, draft)):
        return True
    return _reads_stored(write, entity, Action.UPDATE, [name for name in draft.body if name in entity.fields])


async def _update_in_transaction(
    write: WriteContext, entity: EntityModel, target: Target, body: dict[str, Any]
) -> Written | Stored:
    async with transaction(write, entity, Action.UPDATE) as unit:
        await hold_parents(write, unit, entity, [target.key], [body])
        stored = await _lock(unit, entity, target)
        draft = _draft(entity, body, stored)
        check_fields(write, entity, Action.UPDATE, [draft])
        await Tree(write, unit).save(entity, Action.UPDATE, [draft])
        await settle(write, unit)
    return unit.settled.get((entity.number, entity.key.text(target.key))) or draft.written or stored


async def delete(write: WriteContext, entity: EntityModel, target: Target) -> Any:
    """Deletion, soft or hard, with what the relations say. Returns the key as JSON. Raises as `update` does."""
    run = partial(_delete, write, entity, target)
    return await (run() if write.runs_once(entity) else in_attempts(write, entity, Action.DELETE, (), run))


async def _delete(write: WriteContext, entity: EntityModel, target: Target) -> Any:
    alone = entity.key.generated and target.fits_one_statement and not has_dependents(entity)
    if alone and not entity.soft_delete:
        alone = not await has_comments(write.database, entity, entity.key.text(target.key))
    if alone and not _reads_stored(write, entity, Action.DELETE):
        written = await write.commit_one(entity, Action.DELETE, write.change(target.key, {}, target.if_version))
        if written is None:
            raise PreconditionFailed
        return entity.key.json_value(exact.loads(written.record_text))
    async with transaction(write, entity, Action.DELETE) as unit:
        await unit.lock_keys(entity, [target.key])
        await hold_parents(write, unit, entity, [target.key])
        stored = await _lock(unit, entity, target, "UPDATE")
        await remove(write, unit, entity, [Draft({}, stored)])
    return entity.key.json_value(stored.record)


async def restore(write: WriteContext, entity: EntityModel, target: Target) -> Written:
    """A record back from the trash, without files that are no more.

    Raises CONFLICT where something it refers to is gone, and as `update` does.
    """
    async with transaction(write, entity, Action.RESTORE) as unit:
        await hold_parents(write, unit, entity, [target.key])
        stored = await _lock(unit, entity, target, trashed=True)
        await refuse_lost_references(unit.transaction, entity, stored)
        try:
            [gone] = await lost_files(unit.transaction, entity, [stored.record])
            [written] = await unit.apply(entity, Action.RESTORE, [write.change(target.key, dict.fromkeys(gone))])
        except RowRefused as refused:
            raise refused.error from None
        if written is None:
            raise SchemaMoved  # nothing else can have come between, as it is locked
        await settle(write, unit)
    return unit.settled.get((entity.number, written.key), written)


def refuse_mismatch(entity: EntityModel, target: Target, version: int, granted: bool = True) -> None:
    """Raises FORBIDDEN or PRECONDITION_FAILED where a record that is there is not the target."""
    if not granted:
        raise RocketError("FORBIDDEN", f"You may not change this {entity.name}")
    refuse_other(version, target.versions, "record")


def _draft(entity: EntityModel, body: dict[str, Any], stored: Stored | None = None) -> Draft:
    if body.keys() <= entity.fields.keys():
        return Draft(dict(body), stored)
    return take_nested(entity, Draft(body, stored))


def _reads_stored(write: WriteContext, entity: EntityModel, action: Action, names: Sequence[str] = ()) -> bool:
    """Whether deciding reads what is stored, and so takes a transaction that holds it still."""
    if write.consent is not None or write.command.effect_key or entity.number in write.model.totals.by_number:
        return True
    rules = write.model.rules(entity.name)
    return not rules.is_empty and rules.needs_transaction(action.value, names)


async def _lock(
    unit: UnitOfWork, entity: EntityModel, target: Target, strength: str = "NO KEY UPDATE", trashed: bool = False
) -> Stored:
    found = await lock_records(unit.transaction, entity, [target.key], target.grant, strength, trashed)
    stored = found.get(target.key)
    # Who may not bring a record back need not know what lies in the trash.
    if stored is None or (trashed and not stored.granted):
        await unit.check_schema()
        raise not_found("Record in the trash" if trashed else "Record")
    refuse_mismatch(entity, target, stored.version, stored.granted)
    return stored
