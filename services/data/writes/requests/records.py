"""Single records: created, changed, deleted and brought back.

What can be decided from the request alone is one statement, shared with others that come at the same
time. What takes stored records (rules, transitions, children, relations) is a transaction that locks them.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from libs.shared import exact
from libs.shared.errors import RocketError, not_found
from libs.shared.etags import refuse_other
from libs.shared.postgres.errors import SchemaMoved
from services.data.model import EntityModel, KeyValue
from services.data.permissions import EVERYTHING, Grant
from services.data.writes.consequences.deletion import has_dependents
from services.data.writes.consequences.removal import remove
from services.data.writes.consequences.totals import hold_parents, settle
from services.data.writes.consequences.transition_actions import changes_records
from services.data.writes.context.drafts import Draft, prepare
from services.data.writes.context.write_context import WriteContext
from services.data.writes.deciding import decisions
from services.data.writes.preparing.field_permissions import check_fields, may_write
from services.data.writes.preparing.files import lost_files, names_files
from services.data.writes.preparing.readable_references import is_held_to_reading, refuse_hidden
from services.data.writes.preparing.references import refuse_lost_references, refuse_missing
from services.data.writes.preparing.slugs import with_free_slugs
from services.data.writes.statements.changes import Action, Written
from services.data.writes.statements.locking import Stored, lock_records
from services.data.writes.statements.unit_of_work import RowRefused, UnitOfWork
from services.data.writes.synchronous_webhooks.rehearsal import is_asked_about, with_approval
from services.data.writes.tree.nodes import node_of
from services.data.writes.tree.tree import Tree


@dataclass(frozen=True, slots=True)
class Target:
    """Which record is to be changed, by whose right, and from which version if that matters."""

    key: KeyValue
    grant: Grant = EVERYTHING
    versions: frozenset[int] | None = None
    """The versions of which it must have one; None for any."""

    @property
    def is_one_statement(self) -> bool:
        """Whether a statement that knows of one version can find it."""
        return self.versions is None or len(self.versions) == 1

    @property
    def if_version(self) -> int | None:
        """The version, where it is one."""
        return next(iter(self.versions)) if self.versions is not None and len(self.versions) == 1 else None


class PreconditionFailed(Exception):
    """The statement found no record as wanted: none there, or of another version."""


async def create(write: WriteContext, entity: EntityModel, body: dict[str, Any]) -> Written:
    """A new record with its children. Raises what preparing and storing raise."""

    def attempt() -> Awaitable[Written]:
        return with_free_slugs(write.database, entity, [body], lambda: _create(write, entity, body))

    if write.model.synchronous_webhooks and is_asked_about(write, entity, Action.CREATE, [body]):
        return await with_approval(write, attempt)
    return await attempt()


async def _create(write: WriteContext, entity: EntityModel, body: dict[str, Any]) -> Written:
    node = node_of(entity, Draft(body))
    alone = entity.key.generated and not names_files(entity, body)
    if node.nested or not alone or decisions.needs_transaction(write, entity, Action.CREATE):
        return await _create_in_transaction(write, entity, body)
    check_fields(write, entity, Action.CREATE, [node.draft])
    [change] = await prepare(write, write.database, entity, Action.CREATE, [node.draft])
    await refuse_hidden(write, write.database, entity, [node.draft])
    if changes_records(node.draft.effects) or entity.may_close_cycle(change.values, is_new=True):
        return await _create_in_transaction(write, entity, body)
    written = await write.commit_one(entity, Action.CREATE, change)
    if written is None:
        await refuse_missing(write.database, entity, change)
        raise SchemaMoved
    return written


async def _create_in_transaction(write: WriteContext, entity: EntityModel, body: dict[str, Any]) -> Written:
    node = node_of(entity, Draft(body))
    async with write.transaction(entity, Action.CREATE) as unit:
        await hold_parents(write, unit, entity, bodies=[body])
        await Tree(write, unit).save(entity, Action.CREATE, [node])
        await settle(write, unit)
    assert node.written is not None, "what is created is written, or raises"
    return unit.settled.get((entity.number, node.written.key), node.written)


async def update(write: WriteContext, entity: EntityModel, target: Target, body: dict[str, Any]) -> Written | Stored:
    """A partial update with its children. Answers what is stored where it sets nothing.

    Raises Unmet, or what refuses a record that is not as wanted (see `refuse_unwanted`).
    """

    def attempt() -> Awaitable[Written | Stored]:
        return with_free_slugs(write.database, entity, [body], lambda: _update(write, entity, target, body))

    if write.model.synchronous_webhooks and is_asked_about(write, entity, Action.UPDATE, [body]):
        return await with_approval(write, attempt)
    return await attempt()


async def _update(write: WriteContext, entity: EntityModel, target: Target, body: dict[str, Any]) -> Written | Stored:
    node = node_of(entity, Draft(body))
    alone = target.grant.is_everywhere and target.is_one_statement
    if not body or node.nested or not alone or _takes_stored(write, entity, node.draft):
        return await _update_in_transaction(write, entity, target, body)
    [change] = await prepare(write, write.database, entity, Action.UPDATE, [node.draft])
    moves = not entity.anchors.isdisjoint(change.values) or entity.may_close_cycle(change.values, is_new=False)
    if not change.values or moves or changes_records(node.draft.effects):
        return await _update_in_transaction(write, entity, target, body)
    change.key, change.if_version = target.key, target.if_version
    written = await write.commit_one(entity, Action.UPDATE, change)
    if written is None:
        await refuse_missing(write.database, entity, change)
        raise PreconditionFailed
    return written


def _takes_stored(write: WriteContext, entity: EntityModel, draft: Draft) -> bool:
    slug = entity.definition.slug
    regenerates = slug is not None and slug.regenerate_on_update and slug.source in draft.body
    moves = not entity.anchors.isdisjoint(draft.body)
    names = [name for name in draft.body if name in entity.fields]
    if regenerates or moves or names_files(entity, draft.body):
        return True
    if not may_write(write, entity, draft) or is_held_to_reading(write, entity, draft):
        return True
    return decisions.needs_transaction(write, entity, Action.UPDATE, names)


async def _update_in_transaction(
    write: WriteContext, entity: EntityModel, target: Target, body: dict[str, Any]
) -> Written | Stored:
    async with write.transaction(entity, Action.UPDATE) as unit:
        await hold_parents(write, unit, entity, [target.key], [body])
        stored = await _lock(unit, entity, target)
        node = node_of(entity, Draft(body, stored))
        check_fields(write, entity, Action.UPDATE, [node.draft])
        await Tree(write, unit).save(entity, Action.UPDATE, [node])
        await settle(write, unit)
    return unit.settled.get((entity.number, entity.key.text(target.key))) or node.written or stored


async def delete(write: WriteContext, entity: EntityModel, target: Target) -> Any:
    """Deletion, soft or hard, with what the relations say. Answers the key as JSON. Raises as `update` does."""
    if write.model.synchronous_webhooks and is_asked_about(write, entity, Action.DELETE):
        return await with_approval(write, lambda: _delete(write, entity, target))
    return await _delete(write, entity, target)


async def _delete(write: WriteContext, entity: EntityModel, target: Target) -> Any:
    if _is_alone(write, entity, target):
        written = await write.commit_one(entity, Action.DELETE, write.change(target.key, {}, target.if_version))
        if written is None:
            raise PreconditionFailed
        return entity.key.shown(exact.loads(written.record_text))
    async with write.transaction(entity, Action.DELETE) as unit:
        await unit.guard(entity, [target.key])
        await hold_parents(write, unit, entity, [target.key])
        stored = await _lock(unit, entity, target, "UPDATE")
        await remove(write, unit, entity, [Draft({}, stored)])
    return entity.key.shown(stored.record)


def _is_alone(write: WriteContext, entity: EntityModel, target: Target) -> bool:
    """Whether a deletion concerns nothing but the record, and takes nothing that is stored to decide."""
    alone = target.grant.is_everywhere and target.is_one_statement
    if has_dependents(entity) or not alone or not entity.key.generated:
        return False
    return not decisions.needs_transaction(write, entity, Action.DELETE)


async def restore(write: WriteContext, entity: EntityModel, target: Target) -> Written:
    """A record back from the trash, without files that are no more.

    Raises CONFLICT where something it refers to is gone, and as `update` does.
    """
    async with write.transaction(entity, Action.RESTORE) as unit:
        await hold_parents(write, unit, entity, [target.key])
        stored = await _lock(unit, entity, target, trashed=True)
        await refuse_lost_references(unit.transaction, entity, stored)
        try:
            gone = dict.fromkeys(await lost_files(unit.transaction, entity, stored.record))
            [written] = await unit.apply(entity, Action.RESTORE, [write.change(target.key, gone)])
        except RowRefused as refused:
            raise refused.error from None
        if written is None:
            raise SchemaMoved  # nothing else can have come between, as it is locked
        await settle(write, unit)
    return unit.settled.get((entity.number, written.key), written)


def refuse_mismatch(entity: EntityModel, target: Target, version: int, granted: bool = True) -> None:
    """Raises FORBIDDEN or PRECONDITION_FAILED where a record that is there is not the one that is wanted."""
    if not granted:
        raise RocketError("FORBIDDEN", f"You may not change this {entity.name}")
    refuse_other(version, target.versions, "record")


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
