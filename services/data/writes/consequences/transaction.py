"""A commit of several records: one transaction, totals brought up to date, log entries appended, relay woken."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from functools import partial

from libs.shared.postgres.databases import Connection
from services.data.model import EntityModel
from services.data.query_spans import traced
from services.data.writes.consequences.totals import settle
from services.data.writes.context.write_context import WriteContext
from services.data.writes.statements.changes import Action
from services.data.writes.statements.unit_of_work import UnitOfWork

# Nothing is returned where the key was stored before.
REMEMBER_EFFECT = """
INSERT INTO data.effects (effect_key) VALUES ($1) ON CONFLICT (effect_key) DO NOTHING RETURNING effect_key
"""
NOTE_POSITION = "UPDATE data.effects SET position = $2 WHERE effect_key = $1"


class _Rehearsed(Exception):
    """The write has succeeded and is rolled back."""


class EffectRepeated(Exception):
    """An effect with this key has been committed before."""


@contextlib.asynccontextmanager
async def transaction(
    write: WriteContext, entity: EntityModel, action: Action, dry_run: bool = False
) -> AsyncIterator[UnitOfWork]:
    """A commit of any number of changes. Nothing of it remains when the block raises, or with `dry_run`.

    A write that synchronous webhooks have not agreed to yet is rolled back too, with its requests in `write.consent`.
    Raises EffectRepeated where the effect of the write's key has been committed before.
    """
    app = write.context.the_app
    write.dry_run = dry_run
    write.peeked.clear()
    await write.resources.relay.activate(app)
    with write.span(action, entity) as span:
        async with _committed(write, dry_run) as unit:
            yield unit
        write.note_commit(entity)
        span.metadata["records"] = unit.records
    if write.position:
        write.resources.relay.wake(app)


@contextlib.asynccontextmanager
async def _committed(write: WriteContext, dry_run: bool) -> AsyncIterator[UnitOfWork]:
    consent = write.consent
    with contextlib.suppress(_Rehearsed):
        async with write.database.transaction() as plain:
            connection = traced(plain)
            await _remember(connection, write)
            unit = UnitOfWork(connection, write.model, write.command)
            unit.settle_totals = partial(settle, write, unit)
            if consent is not None:
                consent.begin()
            yield unit
            await settle(write, unit)
            if consent is not None and not consent.is_given:
                await unit.refuse_cycles()
                raise _Rehearsed
            position = await unit.finish()
            if dry_run:
                raise _Rehearsed
            if write.command.effect_key:
                await connection.execute(NOTE_POSITION, write.command.effect_key, position)
        write.position = position


async def _remember(connection: Connection, write: WriteContext) -> None:
    key = write.command.effect_key
    if key and await connection.fetchval(REMEMBER_EFFECT, key) is None:
        raise EffectRepeated
