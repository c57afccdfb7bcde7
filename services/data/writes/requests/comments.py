"""Creates, edits and deletes comments. They are written with the server's authority: handlers decide who may."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from libs.shared.errors import RocketError, not_found
from libs.shared.etags import refuse_other
from libs.shared.postgres.databases import Connection
from libs.shared.schema.comments import COMMENTS
from services.data.model import EntityModel, KeyValue
from services.data.writes.consequences.deletion import remove_locked
from services.data.writes.consequences.transaction import transaction
from services.data.writes.context.drafts import Draft
from services.data.writes.context.write_context import WriteContext
from services.data.writes.requests.attempts import in_attempts
from services.data.writes.statements.changes import Action, Written
from services.data.writes.statements.locking import Stored, lock_records
from services.data.writes.statements.unit_of_work import UnitOfWork
from services.data.writes.tree.tree import Tree

# Locked rows can't be counted, and the comment that is replied to is locked by who replies and who deletes.
HAS_REPLIES = "SELECT EXISTS (SELECT FROM records._comments WHERE parent_id = $1 AND deleted_at IS NULL)"
TOMBSTONE: Mapping[str, Any] = {"body": None, "mentions": [], "deleted": True}
"""What is left of a deleted comment that has replies."""


async def add(write: WriteContext, entity: EntityModel, key: KeyValue, values: dict[str, Any]) -> Written:
    """A new comment on a record, which is locked against removal. Raises NOT_FOUND, VALIDATION_FAILED."""
    comments = _comments(write)
    run = partial(_add, write, comments, entity, key, values)
    return await in_attempts(write, comments, Action.CREATE, [values], run)


async def _add(
    write: WriteContext, comments: EntityModel, entity: EntityModel, key: KeyValue, values: dict[str, Any]
) -> Written:
    draft = Draft(dict(values))
    async with transaction(write, comments, Action.CREATE) as unit:
        if not await lock_records(unit.transaction, entity, [key], strength="KEY SHARE"):
            await unit.check_schema()
            raise not_found("Record")
        await Tree(write, unit).save(comments, Action.CREATE, [draft])
    assert draft.written is not None, "what is created is written, or raises"
    return draft.written


async def edit(
    write: WriteContext, key: KeyValue, versions: frozenset[int] | None, values: dict[str, Any]
) -> Written | Stored:
    """Another text for a comment. Raises NOT_FOUND for one that is deleted, PRECONDITION_FAILED."""
    comments = _comments(write)
    run = partial(_edit, write, comments, key, versions, values)
    return await in_attempts(write, comments, Action.UPDATE, [values], run)


async def _edit(
    write: WriteContext, comments: EntityModel, key: KeyValue, versions: frozenset[int] | None, values: dict[str, Any]
) -> Written | Stored:
    async with transaction(write, comments, Action.UPDATE) as unit:
        stored = await _lock(unit, comments, key, versions)
        if stored.record["body"] == values["body"]:
            return stored
        draft = Draft(dict(values), stored)
        await Tree(write, unit).save(comments, Action.UPDATE, [draft])
    return draft.written or stored


async def delete(write: WriteContext, key: KeyValue, versions: frozenset[int] | None) -> None:
    """Remove a comment; one with replies becomes a tombstone, and goes with the last of them. Raises as `edit`."""
    comments = _comments(write)
    run = partial(_delete, write, comments, key, versions)
    await in_attempts(write, comments, Action.DELETE, (), run)


async def _delete(write: WriteContext, comments: EntityModel, key: KeyValue, versions: frozenset[int] | None) -> None:
    async with transaction(write, comments, Action.DELETE) as unit:
        stored = await _lock(unit, comments, key, versions)
        if await _has_replies(unit.transaction, stored):
            await Tree(write, unit).save(comments, Action.UPDATE, [Draft(dict(TOMBSTONE), stored)])
            return
        await _remove(write, unit, comments, stored)
        while stored.record["parent_id"] is not None:
            above = comments.key.parse(stored.record["parent_id"])
            found = (await lock_records(unit.transaction, comments, [above], strength="UPDATE")).get(above)
            if found is None or not found.record["deleted"] or await _has_replies(unit.transaction, found):
                return
            await _remove(write, unit, comments, found)
            stored = found


async def _remove(write: WriteContext, unit: UnitOfWork, comments: EntityModel, stored: Stored) -> None:
    await remove_locked(write, unit, comments, [Draft({}, stored)], [stored])


async def _lock(unit: UnitOfWork, comments: EntityModel, key: KeyValue, versions: frozenset[int] | None) -> Stored:
    stored = (await lock_records(unit.transaction, comments, [key], strength="UPDATE")).get(key)
    if stored is None or stored.record["deleted"]:
        await unit.check_schema()
        raise not_found("Comment")
    refuse_other(stored.version, versions, "comment")
    return stored


async def _has_replies(connection: Connection, stored: Stored) -> bool:
    found: bool = await connection.fetchval(HAS_REPLIES, stored.key[0])
    return found


def _comments(write: WriteContext) -> EntityModel:
    write.by_definition = True
    return write.model.entity(COMMENTS)


def refuse_disabled(entity: EntityModel) -> None:
    """Raises NOT_FOUND where an entity has no comments."""
    if not entity.definition.comments:
        raise RocketError("NOT_FOUND", f"{entity.name} has no comments")
