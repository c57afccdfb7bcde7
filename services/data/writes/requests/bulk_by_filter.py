"""Updates, deletes and restores in one commit all records that filters choose, if they are as many as expected.

The chosen records are locked, and then chosen again: so what is written is what matches, though others write meanwhile.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any

from libs.shared.errors import RocketError
from services.data.model import EntityModel, KeyValue
from services.data.permissions import Grant
from services.data.query.choices import MAX_RECORDS, Choice, count_sql, keys_sql, unexpected
from services.data.writes.consequences.totals import hold_parents
from services.data.writes.consequences.transaction import transaction
from services.data.writes.context.write_context import WriteContext
from services.data.writes.requests import bulk, bulk_restore, store
from services.data.writes.requests.attempts import in_attempts
from services.data.writes.statements.changes import Action
from services.data.writes.statements.locking import Stored, lock_records
from services.data.writes.statements.unit_of_work import UnitOfWork

MAX_ROUNDS = 3
"""How often records are chosen anew because others have changed them meanwhile."""

Apply = Callable[[UnitOfWork, Sequence[KeyValue], Sequence[Stored]], Awaitable[None]]
"""Writes the chosen records, which are locked."""


class ChoiceOvertaken(Exception):
    """Other records match than those that were locked."""


async def update(
    write: WriteContext, entity: EntityModel, grant: Grant, choice: Choice, values: bulk.Body, dry_run: bool = False
) -> list[Any]:
    """Set the same values in all chosen records. Returns their keys.

    Raises CONFLICT with the true number, FORBIDDEN for records that the caller may see and not change, and what
    updating single records does, each naming the records.
    """

    async def apply(unit: UnitOfWork, keys: Sequence[KeyValue], stored: Sequence[Stored]) -> None:
        await bulk.update_locked(write, unit, entity, [dict(values) for _ in keys], stored)

    run = partial(_write, write, entity, grant, choice, Action.UPDATE, apply, dry_run, values)
    return await _in_rounds(partial(in_attempts, write, entity, Action.UPDATE, [values], run, asks=not dry_run))


async def delete(
    write: WriteContext, entity: EntityModel, grant: Grant, choice: Choice, dry_run: bool = False
) -> list[Any]:
    """Deletion of all chosen records, and what follows. Returns their keys. Raises as `update` does."""

    async def apply(unit: UnitOfWork, keys: Sequence[KeyValue], stored: Sequence[Stored]) -> None:
        await bulk.delete_locked(write, unit, entity, stored)

    run = partial(_write, write, entity, grant, choice, Action.DELETE, apply, dry_run)
    return await _in_rounds(partial(in_attempts, write, entity, Action.DELETE, (), run, asks=not dry_run))


async def restore(
    write: WriteContext, entity: EntityModel, grant: Grant, choice: Choice, dry_run: bool = False
) -> list[Any]:
    """All chosen records back from the trash. Returns their keys. Raises CONFLICT as `bulk_restore.restore` does."""

    async def apply(unit: UnitOfWork, keys: Sequence[KeyValue], stored: Sequence[Stored]) -> None:
        await bulk_restore.restore_locked(write, unit, entity, stored)

    return await _in_rounds(partial(_write, write, entity, grant, choice, Action.RESTORE, apply, dry_run))


async def _write(
    write: WriteContext,
    entity: EntityModel,
    grant: Grant,
    choice: Choice,
    action: Action,
    apply: Apply,
    dry_run: bool,
    values: bulk.Body | None = None,
) -> list[Any]:
    async with transaction(write, entity, action, dry_run) as unit:
        await unit.transaction.execute(store.PLAN_FOR_MANY_ROWS)
        keys = await _choose(unit, entity, choice)
        with _named(entity, keys):
            if action is Action.DELETE:
                await unit.lock_keys(entity, keys)
            await hold_parents(write, unit, entity, keys, [values] if values else ())
            stored = await _lock(unit, entity, grant, choice, keys, action)
            await apply(unit, keys, stored)
    return [entity.key.json_value(row.record) for row in stored]


async def _choose(unit: UnitOfWork, entity: EntityModel, choice: Choice) -> list[KeyValue]:
    """The keys of the chosen records. Raises CONFLICT where they are not as many as expected."""
    keys = await _keys(unit, entity, choice)
    if len(keys) == choice.expect:
        return keys
    await unit.check_schema()
    count = len(keys)
    if count > MAX_RECORDS:
        sql = unit.model.statements.made(
            (entity.name, choice.criteria, "count"), partial(count_sql, unit.model, entity, choice.criteria)
        )
        count = await unit.transaction.fetchval(sql, *choice.values)
    raise unexpected(choice, count)


async def _keys(unit: UnitOfWork, entity: EntityModel, choice: Choice) -> list[KeyValue]:
    criteria = choice.criteria
    sql = unit.model.statements.made((entity.name, criteria, "keys"), partial(keys_sql, unit.model, entity, criteria))
    return [tuple(row.values()) for row in await unit.transaction.fetch(sql, *choice.values)]


async def _lock(
    unit: UnitOfWork, entity: EntityModel, grant: Grant, choice: Choice, keys: Sequence[KeyValue], action: Action
) -> list[Stored]:
    """The chosen records, locked. Raises ChoiceOvertaken, and FORBIDDEN where the grant does not cover all of them."""
    if not keys:
        return []
    strength = "UPDATE" if action is Action.DELETE else "NO KEY UPDATE"
    found = await lock_records(unit.transaction, entity, keys, grant, strength, trashed=action is Action.RESTORE)
    if await _keys(unit, entity, choice) != keys or found.keys() != set(keys):
        raise ChoiceOvertaken
    return bulk.granted_rows(entity, [found[key] for key in keys])


async def _in_rounds(attempt: Callable[[], Awaitable[list[Any]]]) -> list[Any]:
    for _ in range(MAX_ROUNDS):
        with contextlib.suppress(ChoiceOvertaken):
            return await attempt()
    raise RocketError("CONFLICT", "Others are changing these records, try again")


@contextlib.contextmanager
def _named(entity: EntityModel, keys: Sequence[KeyValue]) -> Iterator[None]:
    """Has refusals name records by id: the caller knows no rows."""
    try:
        yield
    except RocketError as refusal:
        details = [
            {**detail, "id": entity.key.text(keys[detail["index"]])}
            if detail.get("index") in range(len(keys))
            else detail
            for detail in refusal.details
        ]
        row, _, what = refusal.message.partition(": ")
        number = row.removeprefix("Row ")
        message = (
            f"{entity.name} {entity.key.text(keys[int(number)])}: {what}" if number.isdecimal() else refusal.message
        )
        raise RocketError(refusal.code, message, details, refusal.headers) from None
