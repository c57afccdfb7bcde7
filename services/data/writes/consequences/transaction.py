"""A commit of several records: one transaction, totals brought up to date, log entries appended, relay woken."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from functools import partial

from libs.shared.telemetry import tracing
from services.data.model import EntityModel
from services.data.writes.consequences.totals import settle
from services.data.writes.context.write_context import SPANS, WriteContext
from services.data.writes.statements.changes import Action
from services.data.writes.statements.unit_of_work import UnitOfWork


class _Rehearsed(Exception):
    """The write has succeeded and is rolled back."""


@contextlib.asynccontextmanager
async def transaction(
    write: WriteContext, entity: EntityModel, action: Action, dry_run: bool = False
) -> AsyncIterator[UnitOfWork]:
    """A commit of any number of changes. Nothing of it remains when the block raises, or with `dry_run`.

    A write that synchronous webhooks have not agreed to yet is rolled back too, with its requests in `write.consent`.
    """
    app = write.context.the_app
    await write.resources.relay.activate(app)
    with tracing.span("engine", "writer", SPANS[action], entity.name) as span:
        async with _committed(write, dry_run) as unit:
            yield unit
        span.metadata["records"] = unit.records
    if write.position:
        write.resources.relay.wake(app)


@contextlib.asynccontextmanager
async def _committed(write: WriteContext, dry_run: bool) -> AsyncIterator[UnitOfWork]:
    consent = write.consent
    with contextlib.suppress(_Rehearsed):
        async with write.database.transaction() as connection:
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
        write.position = position
