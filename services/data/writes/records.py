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
from services.data.writes import decisions
from services.data.writes.actions import changes_records
from services.data.writes.changes import Action, Written
from services.data.writes.consent import is_asked_about, with_consent
from services.data.writes.deletion import has_dependents
from services.data.writes.drafts import Draft, prepare
from services.data.writes.files import lost_files, names_files
from services.data.writes.nodes import node_of
from services.data.writes.readable import is_held_to_reading, refuse_hidden
from services.data.writes.references import refuse_lost_references, refuse_missing
from services.data.writes.removal import remove
from services.data.writes.rights import check_fields, may_write
from services.data.writes.rows import Stored, lock_records
from services.data.writes.slugs import with_free_slugs
from services.data.writes.totals import hold_parents, settle
from services.data.writes.transaction import Refused, Writing
from services.data.writes.tree import Tree
from services.data.writes.work import Work


@dataclass(frozen=True, slots=True)
class Wanted:
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


class Unmet(Exception):
    """The statement found no record as wanted: none there, or of another version."""


async def create(work: Work, entity: EntityModel, body: dict[str, Any]) -> Written:
    """A new record with its children. Raises what preparing and storing raise."""

    def attempt() -> Awaitable[Written]:
        return with_free_slugs(work.database, entity, [body], lambda: _create(work, entity, body))

    if work.model.receivers and is_asked_about(work, entity, Action.CREATE, [body]):
        return await with_consent(work, attempt)
    return await attempt()


async def _create(work: Work, entity: EntityModel, body: dict[str, Any]) -> Written:
    node = node_of(entity, Draft(body))
    alone = entity.key.generated and not names_files(entity, body)
    if node.nested or not alone or decisions.needs_transaction(work, entity, Action.CREATE):
        return await _create_in_transaction(work, entity, body)
    check_fields(work, entity, Action.CREATE, [node.draft])
    [change] = await prepare(work, work.database, entity, Action.CREATE, [node.draft])
    await refuse_hidden(work, work.database, entity, [node.draft])
    if changes_records(node.draft.effects) or entity.may_close_cycle(change.values, is_new=True):
        return await _create_in_transaction(work, entity, body)
    written = await work.commit_one(entity, Action.CREATE, change)
    if written is None:
        await refuse_missing(work.database, entity, change)
        raise SchemaMoved
    return written


async def _create_in_transaction(work: Work, entity: EntityModel, body: dict[str, Any]) -> Written:
    node = node_of(entity, Draft(body))
    async with work.transaction(entity, Action.CREATE) as writing:
        await hold_parents(work, writing, entity, bodies=[body])
        await Tree(work, writing).save(entity, Action.CREATE, [node])
        await settle(work, writing)
    assert node.written is not None, "what is created is written, or raises"
    return writing.settled.get((entity.number, node.written.key), node.written)


async def update(work: Work, entity: EntityModel, wanted: Wanted, body: dict[str, Any]) -> Written | Stored:
    """A partial update with its children. Answers what is stored where it sets nothing.

    Raises Unmet, or what refuses a record that is not as wanted (see `refuse_unwanted`).
    """

    def attempt() -> Awaitable[Written | Stored]:
        return with_free_slugs(work.database, entity, [body], lambda: _update(work, entity, wanted, body))

    if work.model.receivers and is_asked_about(work, entity, Action.UPDATE, [body]):
        return await with_consent(work, attempt)
    return await attempt()


async def _update(work: Work, entity: EntityModel, wanted: Wanted, body: dict[str, Any]) -> Written | Stored:
    node = node_of(entity, Draft(body))
    alone = wanted.grant.is_everywhere and wanted.is_one_statement
    if not body or node.nested or not alone or _takes_stored(work, entity, node.draft):
        return await _update_in_transaction(work, entity, wanted, body)
    [change] = await prepare(work, work.database, entity, Action.UPDATE, [node.draft])
    moves = not entity.anchors.isdisjoint(change.values) or entity.may_close_cycle(change.values, is_new=False)
    if not change.values or moves or changes_records(node.draft.effects):
        return await _update_in_transaction(work, entity, wanted, body)
    change.key, change.if_version = wanted.key, wanted.if_version
    written = await work.commit_one(entity, Action.UPDATE, change)
    if written is None:
        await refuse_missing(work.database, entity, change)
        raise Unmet
    return written


def _takes_stored(work: Work, entity: EntityModel, draft: Draft) -> bool:
    slug = entity.definition.slug
    regenerates = slug is not None and slug.regenerate_on_update and slug.source in draft.body
    moves = not entity.anchors.isdisjoint(draft.body)
    names = [name for name in draft.body if name in entity.fields]
    if regenerates or moves or names_files(entity, draft.body):
        return True
    if not may_write(work, entity, draft) or is_held_to_reading(work, entity, draft):
        return True
    return decisions.needs_transaction(work, entity, Action.UPDATE, names)


async def _update_in_transaction(
    work: Work, entity: EntityModel, wanted: Wanted, body: dict[str, Any]
) -> Written | Stored:
    async with work.transaction(entity, Action.UPDATE) as writing:
        await hold_parents(work, writing, entity, [wanted.key], [body])
        stored = await _lock(writing, entity, wanted)
        node = node_of(entity, Draft(body, stored))
        check_fields(work, entity, Action.UPDATE, [node.draft])
        await Tree(work, writing).save(entity, Action.UPDATE, [node])
        await settle(work, writing)
    return writing.settled.get((entity.number, entity.key.text(wanted.key))) or node.written or stored


async def delete(work: Work, entity: EntityModel, wanted: Wanted) -> Any:
    """Deletion, soft or hard, with what the relations say. Answers the key as JSON. Raises as `update` does."""
    if work.model.receivers and is_asked_about(work, entity, Action.DELETE):
        return await with_consent(work, lambda: _delete(work, entity, wanted))
    return await _delete(work, entity, wanted)


async def _delete(work: Work, entity: EntityModel, wanted: Wanted) -> Any:
    if _is_alone(work, entity, wanted):
        written = await work.commit_one(entity, Action.DELETE, work.change(wanted.key, {}, wanted.if_version))
        if written is None:
            raise Unmet
        return entity.key.shown(exact.loads(written.record_text))
    async with work.transaction(entity, Action.DELETE) as writing:
        await writing.guard(entity, [wanted.key])
        await hold_parents(work, writing, entity, [wanted.key])
        stored = await _lock(writing, entity, wanted, "UPDATE")
        await remove(work, writing, entity, [Draft({}, stored)])
    return entity.key.shown(stored.record)


def _is_alone(work: Work, entity: EntityModel, wanted: Wanted) -> bool:
    """Whether a deletion concerns nothing but the record, and takes nothing that is stored to decide."""
    alone = wanted.grant.is_everywhere and wanted.is_one_statement
    if has_dependents(entity) or not alone or not entity.key.generated:
        return False
    return not decisions.needs_transaction(work, entity, Action.DELETE)


async def restore(work: Work, entity: EntityModel, wanted: Wanted) -> Written:
    """A record back from the trash, without files that are no more.

    Raises CONFLICT where something it refers to is gone, and as `update` does.
    """
    async with work.transaction(entity, Action.RESTORE) as writing:
        await hold_parents(work, writing, entity, [wanted.key])
        stored = await _lock(writing, entity, wanted, trashed=True)
        await refuse_lost_references(writing.transaction, entity, stored)
        try:
            gone = dict.fromkeys(await lost_files(writing.transaction, entity, stored.record))
            [written] = await writing.apply(entity, Action.RESTORE, [work.change(wanted.key, gone)])
        except Refused as refused:
            raise refused.error from None
        if written is None:
            raise SchemaMoved  # nothing else can have come between, as it is locked
        await settle(work, writing)
    return writing.settled.get((entity.number, written.key), written)


def refuse_unwanted(entity: EntityModel, wanted: Wanted, version: int, granted: bool = True) -> None:
    """Raises FORBIDDEN or PRECONDITION_FAILED where a record that is there is not the one that is wanted."""
    if not granted:
        raise RocketError("FORBIDDEN", f"You may not change this {entity.name}")
    refuse_other(version, wanted.versions, "record")


async def _lock(
    writing: Writing, entity: EntityModel, wanted: Wanted, strength: str = "NO KEY UPDATE", trashed: bool = False
) -> Stored:
    found = await lock_records(writing.transaction, entity, [wanted.key], wanted.grant, strength, trashed)
    stored = found.get(wanted.key)
    # Who may not bring a record back need not know what lies in the trash.
    if stored is None or (trashed and not stored.granted):
        await writing.check_schema()
        raise not_found("Record in the trash" if trashed else "Record")
    refuse_unwanted(entity, wanted, stored.version, stored.granted)
    return stored
