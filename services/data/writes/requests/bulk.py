"""Creates, updates and deletes many records of an entity in one commit, or none of them.

The rows are processed like single records, together: a few statements for any number of rows. Rules and transitions
see what is stored before the first row is written, and after_write rules see all that was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from libs.shared.errors import Detail, ErrorCode, RocketError, summary
from libs.shared.schema import BadValue
from services.data.model import EntityModel, KeyValue
from services.data.permissions import Grant
from services.data.writes.consequences.deletion import has_dependents, remove_locked
from services.data.writes.consequences.totals import hold_parents
from services.data.writes.consequences.transaction import transaction
from services.data.writes.context.drafts import Draft, RowPlace
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.field_permissions import check_fields
from services.data.writes.requests import store
from services.data.writes.requests.attempts import in_attempts
from services.data.writes.statements.changes import Action
from services.data.writes.statements.locking import Stored, lock_records
from services.data.writes.statements.unit_of_work import UnitOfWork
from services.data.writes.tree.nested import key_of, take_nested
from services.data.writes.tree.tree import Tree

MAX_ROWS = 10_000
"""Rows of one request."""

VERSION_KEY = "_version"
"""Key of a row of an update: the version of the record that the caller has seen."""

Body = dict[str, Any]


async def create(write: WriteContext, entity: EntityModel, rows: Sequence[Any], dry_run: bool = False) -> list[Any]:
    """New records with their nested rows. Returns their keys. Raises what creating single ones does, with the index."""
    drafts = await create_drafts(write, entity, objects_of(rows), dry_run)
    return [entity.key.json_value_of_text(draft.written.key) for draft in drafts if draft.written is not None]


async def create_drafts(
    write: WriteContext, entity: EntityModel, bodies: Sequence[Body], dry_run: bool = False
) -> list[Draft]:
    """As `create`, with the drafts of the records as they were written."""
    run = partial(_create, write, entity, bodies, dry_run)
    return await in_attempts(write, entity, Action.CREATE, bodies, run, asks=not dry_run)


async def _create(write: WriteContext, entity: EntityModel, bodies: Sequence[Body], dry_run: bool) -> list[Draft]:
    drafts = [take_nested(entity, Draft(body, None, RowPlace.of_row(index))) for index, body in enumerate(bodies)]
    async with transaction(write, entity, Action.CREATE, dry_run) as unit:
        await unit.transaction.execute(store.PLAN_FOR_MANY_ROWS)
        await hold_parents(write, unit, entity, bodies=bodies)
        await Tree(write, unit).save(entity, Action.CREATE, drafts)
    return drafts


async def update(
    write: WriteContext, entity: EntityModel, grant: Grant, rows: Sequence[Any], dry_run: bool = False
) -> list[Any]:
    """Partial updates of the records whose keys the rows hold. Returns these keys.

    Raises NOT_FOUND and FORBIDDEN naming the rows, PRECONDITION_FAILED where a row holds another version than the
    stored one, and what updating single records does, with the index.
    """
    bodies, versions = _split_versions(objects_of(rows))
    run = partial(_update, write, entity, grant, bodies, _keys(entity, bodies), versions, dry_run)
    return await in_attempts(write, entity, Action.UPDATE, bodies, run, asks=not dry_run)


async def _update(
    write: WriteContext,
    entity: EntityModel,
    grant: Grant,
    bodies: Sequence[Body],
    keys: Sequence[KeyValue],
    versions: Mapping[int, int],
    dry_run: bool,
) -> list[Any]:
    async with transaction(write, entity, Action.UPDATE, dry_run) as unit:
        await unit.transaction.execute(store.PLAN_FOR_MANY_ROWS)
        await hold_parents(write, unit, entity, keys, bodies)
        stored = await _lock(unit, entity, keys, grant, "NO KEY UPDATE")
        _refuse_other_versions(stored, versions)
        await update_locked(write, unit, entity, bodies, stored)
    return [entity.key.json_value(row.record) for row in stored]


def is_versioned(rows: Sequence[Any]) -> bool:
    """Whether each row of an update says which version it is meant for, as `If-Match` does for a single record."""
    return all(type(row) is dict and VERSION_KEY in row for row in rows)


def _split_versions(bodies: Sequence[Body]) -> tuple[Sequence[Body], Mapping[int, int]]:
    """The rows without their versions, and these by the index of the row. Raises VALIDATION_FAILED."""
    versions = {index: body[VERSION_KEY] for index, body in enumerate(bodies) if VERSION_KEY in body}
    if not versions:
        return bodies, versions
    detail = {"field": VERSION_KEY, "rule": "type", "message": "must be a version: a whole number"}
    refuse_rows("VALIDATION_FAILED", [(index, detail) for index, value in versions.items() if type(value) is not int])
    return [{name: value for name, value in body.items() if name != VERSION_KEY} for body in bodies], versions


def _refuse_other_versions(stored: Sequence[Stored], versions: Mapping[int, int]) -> None:
    changed = [(index, stored[index].version) for index, seen in versions.items() if stored[index].version != seen]
    refuse_rows(
        "PRECONDITION_FAILED",
        [(index, {"rule": "version", "message": f"it has changed: version {now} is stored"}) for index, now in changed],
    )


async def update_locked(
    write: WriteContext, unit: UnitOfWork, entity: EntityModel, bodies: Sequence[Body], stored: Sequence[Stored]
) -> None:
    """Partial updates of records that are locked, each with its own body."""
    drafts = [_change(entity, n, body, stored[n]) for n, body in enumerate(bodies)]
    check_fields(write, entity, Action.UPDATE, drafts)
    await Tree(write, unit).save(entity, Action.UPDATE, drafts)


def _change(entity: EntityModel, index: int, body: Body, stored: Stored) -> Draft:
    sent = {name: value for name, value in body.items() if name not in entity.key.names}
    return take_nested(entity, Draft(sent, stored, RowPlace.of_row(index)))


async def delete(
    write: WriteContext, entity: EntityModel, grant: Grant, ids: Sequence[Any], dry_run: bool = False
) -> list[Any]:
    """Deletion, soft or hard, of the records with these keys, and what follows. Returns the keys.

    Raises NOT_FOUND, FORBIDDEN and VALIDATION_FAILED naming the rows, CONFLICT where a relation restricts it.
    """
    run = partial(_delete, write, entity, grant, keys_of_ids(entity, ids), dry_run)
    return await in_attempts(write, entity, Action.DELETE, (), run, asks=not dry_run)


async def _delete(
    write: WriteContext, entity: EntityModel, grant: Grant, keys: Sequence[KeyValue], dry_run: bool
) -> list[Any]:
    async with transaction(write, entity, Action.DELETE, dry_run) as unit:
        await unit.transaction.execute(store.PLAN_FOR_MANY_ROWS)
        await unit.lock_keys(entity, keys)
        await hold_parents(write, unit, entity, keys)
        stored = await _lock(unit, entity, keys, grant, "UPDATE")
        await delete_locked(write, unit, entity, stored)
    return [entity.key.json_value(row.record) for row in stored]


async def delete_locked(write: WriteContext, unit: UnitOfWork, entity: EntityModel, stored: Sequence[Stored]) -> None:
    """Deletion of records that are locked, and what follows."""
    drafts = [Draft({}, row, RowPlace.of_row(index)) for index, row in enumerate(stored)]
    is_all = not has_dependents(entity) and entity.number not in write.model.totals.by_number
    await remove_locked(write, unit, entity, drafts, stored, is_all=is_all)


def objects_of(rows: Sequence[Any]) -> Sequence[Body]:
    """The rows, if they are objects and not too many. Raises VALIDATION_FAILED."""
    _count(rows)
    wrong = [
        (n, {"rule": "type", "message": "must be an object"}) for n, row in enumerate(rows) if type(row) is not dict
    ]
    refuse_rows("VALIDATION_FAILED", wrong)
    return rows


def _count(rows: Sequence[Any]) -> None:
    if len(rows) > MAX_ROWS:
        message = f"At most {MAX_ROWS} rows can be written at once, not {len(rows)}"
        raise RocketError("VALIDATION_FAILED", message, [{"index": MAX_ROWS, "rule": "max", "message": message}])


def _keys(entity: EntityModel, bodies: Sequence[Body]) -> list[KeyValue]:
    """The keys in the rows. Raises VALIDATION_FAILED for missing, invalid and repeated ones."""
    keys: list[KeyValue] = []
    problems: list[tuple[int, Detail]] = []
    for index, body in enumerate(bodies):
        try:
            key = key_of(entity, body)
        except BadValue as problem:
            problems.append((index, _about(entity, "type", str(problem))))
            continue
        if key is None:
            problems.append((index, _about(entity, "required", "is required: it says which record is meant")))
        else:
            keys.append(key)
    refuse_rows("VALIDATION_FAILED", problems)
    return _distinct(entity, keys)


def keys_of_ids(entity: EntityModel, ids: Sequence[Any]) -> list[KeyValue]:
    """The ids as keys. Raises VALIDATION_FAILED for invalid and repeated ones, NOT_FOUND for impossible ones."""
    _count(ids)
    wrong = [
        (n, _about(entity, "type", "must be given as a text or a number"))
        for n, each in enumerate(ids)
        if type(each) not in (str, int)
    ]
    refuse_rows("VALIDATION_FAILED", wrong)
    keys: list[KeyValue] = []
    strange: list[int] = []
    for index, each in enumerate(ids):
        try:
            keys.append(entity.key.parse(str(each)))
        except RocketError:
            strange.append(index)
    refuse_rows("NOT_FOUND", [(index, absent(entity)) for index in strange])
    return _distinct(entity, keys)


def _distinct(entity: EntityModel, keys: list[KeyValue]) -> list[KeyValue]:
    first: dict[KeyValue, int] = {}
    problems: list[tuple[int, Detail]] = []
    for index, key in enumerate(keys):
        if first.setdefault(key, index) != index:
            problems.append((index, _about(entity, "unique", f"is that of row {first[key]} again")))
    refuse_rows("VALIDATION_FAILED", problems)
    return keys


async def _lock(
    unit: UnitOfWork, entity: EntityModel, keys: Sequence[KeyValue], grant: Grant, strength: str
) -> list[Stored]:
    """The records of these keys, in their order. Raises NOT_FOUND, FORBIDDEN, naming the rows."""
    if not keys:
        return []
    found = await lock_records(unit.transaction, entity, keys, grant, strength)
    missing = [index for index, key in enumerate(keys) if key not in found]
    if missing:
        await unit.check_schema()
    refuse_rows("NOT_FOUND", [(index, absent(entity)) for index in missing])
    return granted_rows(entity, [found[key] for key in keys])


def granted_rows(entity: EntityModel, stored: list[Stored]) -> list[Stored]:
    """Locked records. Raises FORBIDDEN naming those that the caller's grant does not cover."""
    detail = {"message": f"You may not change this {entity.name}"}
    refuse_rows("FORBIDDEN", [(index, detail) for index, row in enumerate(stored) if not row.granted])
    return stored


def absent(entity: EntityModel, where: str = "") -> Detail:
    """The detail about a record that is not there."""
    return {"message": f"there is no such {entity.name}{where}"}


def _about(entity: EntityModel, rule: str, message: str) -> Detail:
    """A detail about a row's key."""
    name = ",".join(entity.key.names)
    return {"field": name, "rule": rule, "message": message}


def refuse_rows(code: ErrorCode, problems: Sequence[tuple[int, Detail]]) -> None:
    """Raises `code`, if there are any problems, with one detail for each."""
    if problems:
        details = (RowPlace.of_row(index).marks(detail) for index, detail in problems)
        raise RocketError(code, f"Row {problems[0][0]}: {summary(problems[0][1])}", details)
