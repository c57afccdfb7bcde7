"""One write request under one version of the schema: where it is committed, and how it is told to the relay."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from libs.shared.contracts.context import Context, Identity
from libs.shared.postgres.databases import Database
from libs.shared.telemetry import tracing
from services.data.model import EntityModel, Model
from services.data.writes.consequences.totals import settle
from services.data.writes.context.resources import WriteResources
from services.data.writes.statements.changes import Action, RowChange, Values, Written
from services.data.writes.statements.command import Command
from services.data.writes.statements.statements import Shape
from services.data.writes.statements.unit_of_work import UnitOfWork
from services.data.writes.synchronous_webhooks.rehearsal import Approval

SPANS = {
    Action.CREATE: "write.insert", Action.UPDATE: "write.update",
    Action.DELETE: "write.delete", Action.RESTORE: "write.restore",
}  # fmt: skip


class _Rehearsed(Exception):
    """All went well, and is taken back."""


@dataclass(slots=True)
class WriteContext:
    """Who writes what, because of which request. `position` is that of the commit, 0 while there is none.

    `consent` is what receivers outside are asked about, where there are any.
    """

    resources: WriteResources
    context: Context
    model: Model
    command: Command
    position: int = 0
    approval: Approval | None = None
    checks_rules: bool = True
    """Whether rules and machines of records whose totals change are asked, as those of the written ones are."""

    @classmethod
    def of(
        cls, resources: WriteResources, context: Context, model: Model, effect_key: str | None = None
    ) -> WriteContext:
        """The work of a request."""
        return cls(resources, context, model, Command.of(context, model.version, effect_key))

    @property
    def caller(self) -> Identity:
        return self.context.user

    @property
    def database(self) -> Database:
        return self.resources.core.databases.of(self.context.the_app)

    def change(self, key: Any, values: Values, if_version: int | None = None, effects: str | None = None) -> RowChange:
        """One record's change by this request's command."""
        return RowChange(self.command, key, values, if_version, effects)

    async def commit_one(self, entity: EntityModel, action: Action, change: RowChange) -> Written | None:
        """Commit the change of one record, in one statement that it may share with others.

        Answers None where nothing was changed: no such record, reference or version, or another schema.
        """
        app = self.context.the_app
        await self.resources.relay.activate(app)
        with tracing.span("engine", "writer", SPANS[action], entity.name) as span:
            with tracing.span("db", "query", "query.execute", entity.name):
                shape = Shape(action, tuple(change.values))
                written = await self.resources.batcher.write(self.database, entity, shape, change, self.model.version)
            if written is not None:
                span.metadata["version"] = written.version
                self.position = written.position
                self.resources.relay.wake(app)
        return written

    @contextlib.asynccontextmanager
    async def transaction(
        self, entity: EntityModel, action: Action, dry_run: bool = False
    ) -> AsyncIterator[UnitOfWork]:
        """A commit of any number of changes; nothing of it remains when the block raises, or with `dry_run`."""
        app = self.context.the_app
        await self.resources.relay.activate(app)
        with tracing.span("engine", "writer", SPANS[action], entity.name) as span:
            async with self._committed(dry_run) as unit:
                yield unit
            span.metadata["records"] = unit.records
        if self.position:
            self.resources.relay.wake(app)

    @contextlib.asynccontextmanager
    async def _committed(self, dry_run: bool) -> AsyncIterator[UnitOfWork]:
        with contextlib.suppress(_Rehearsed):
            async with self.database.transaction() as transaction:
                unit = UnitOfWork(transaction, self.model, self.command)
                unit.settle = partial(settle, self, unit)
                if self.approval is not None:
                    self.approval.begin()
                yield unit
                await settle(self, unit)
                if self.approval is not None and not self.approval.is_given:
                    await unit.refuse_cycles()
                    raise _Rehearsed
                position = await unit.finish()
                if dry_run:
                    raise _Rehearsed
            self.position = position
