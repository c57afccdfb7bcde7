"""Changes the schema of an app in one transaction: locked, carried out, recorded, numbered and announced.

The version row is locked first, so changes of one app follow one another. It is set in the transaction of the DDL, so
no statement meets tables of another version than it was compiled for. Tables are locked for a moment only: a change
that waits for such a lock stalls all later requests, so one that doesn't get it soon rolls back and is tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TypeVar

from libs.shared import clock, exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.schemas import SchemaChanged
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Connection, after_commit
from libs.shared.postgres.errors import LockTaken
from services.metadata.editing import audit, finishing, views, warnings
from services.metadata.editing.change import Change
from services.metadata.editing.kinds import HOOKS
from services.metadata.editing.notifications import refuse_deleting_used
from services.metadata.model.schema import LiveSchema
from services.metadata.state import State
from services.metadata.store import definitions
from services.metadata.tables.executor import DdlExecutor

T = TypeVar("T")
Work = Callable[[Change], Awaitable[T]]

MAX_ATTEMPTS = 4
VERSION_TIMEOUT_S = 3.0
"""How long a change waits for another one of the same app, with one of the process's connections."""
LOCK_TIMEOUT_S = 0.7
"""How long a change waits for a table."""
PAUSE_S = 0.3
"""Pause before the second attempt; later ones are longer."""


class TablesBusy(Exception):
    """A table's lock was not free in time."""


async def change_schema(state: State, context: Context, work: Work[T]) -> tuple[T, Change]:
    """Run `work(change)` in a transaction that changes the schema of the context's app.

    It may run several times. Raises what `work` raises, and CONFLICT when tables stay in use.
    """
    for attempt in range(MAX_ATTEMPTS):
        try:
            result, change = await _attempt(state, context, work)
            change.warnings += await warnings.unknown_people(state, context, change.mentions)
            return result, change
        except TablesBusy:
            await asyncio.sleep(PAUSE_S * (attempt + 1))
    raise RocketError("CONFLICT", "The records are in use by something that takes long; nothing was changed, try again")


async def lock_version(transaction: Connection) -> int:
    """The version, locked until the end. Raises CONFLICT when another change holds it for long."""
    await definitions.limit_lock_wait(transaction, VERSION_TIMEOUT_S)
    try:
        return await definitions.lock_version(transaction)
    except LockTaken:
        raise RocketError("CONFLICT", "The definitions are being changed by somebody else, try again") from None


async def _attempt(state: State, context: Context, work: Work[T]) -> tuple[T, Change]:
    app = context.the_app
    async with state.transactions.begin(app, emits=True) as transaction:
        connection = transaction.connection
        version = await lock_version(connection)
        executor = DdlExecutor(connection)
        change = Change(connection, LiveSchema.of(await definitions.list_shapes(connection)), executor, HOOKS)
        await definitions.limit_lock_wait(connection, LOCK_TIMEOUT_S)
        with _retried():
            result = await work(change)
            await finishing.fit_indexes(change)
            await finishing.check_acyclic(change)
            await finishing.check_sub_workflows(change)
            await refuse_deleting_used(change)
            await finishing.add_warnings(change)
        if executor.has_postponed:
            await transaction.schedule(clock.now())
        version = await _record(change, context, version)
        transaction.emit(*audit.signals(context, change.touched, change.before))
        for before, after in change.views:
            transaction.emit(*views.audit_of(context, before, after))
    if change.touched:
        await after_commit(partial(state.core.connection.announce, SchemaChanged(app_id=app.id, version=version)))
    return result, change


async def _record(change: Change, context: Context, version: int) -> int:
    """Append each changed definition to the history; returns the new version."""
    who = context.user
    actor = exact.dumps({"id": who.id, "email": who.email, "via": who.via, "ip": context.ip}).decode()
    for action, row in change.touched:
        version += 1
        await definitions.record_change(change.transaction, version, action, row, actor, context.trace_id)
    if change.at_the_end:
        with _retried():
            await change.at_the_end(version)
    return version


@contextlib.contextmanager
def _retried() -> Iterator[None]:
    try:
        yield
    except LockTaken as error:
        raise TablesBusy from error
