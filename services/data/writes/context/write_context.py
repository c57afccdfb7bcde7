"""The context of one write: who writes, under which schema, because of which request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from libs.shared import clock, exact
from libs.shared.contracts.context import SYSTEM, Context, Identity
from libs.shared.ids import UUID, uuid7
from libs.shared.postgres.databases import Database
from libs.shared.telemetry import tracing
from services.data.model import EntityModel, KeyValue, Model
from services.data.query_spans import described
from services.data.writes.context.consent import WebhookConsent
from services.data.writes.context.resources import WriteResources
from services.data.writes.statements.changes import Action, Command, RowChange, Values, Written
from services.data.writes.statements.statements import StatementShape

SPANS = {
    Action.CREATE: "write.insert", Action.UPDATE: "write.update",
    Action.DELETE: "write.delete", Action.RESTORE: "write.restore",
}  # fmt: skip
"""What the trace calls each action."""
STATEMENTS = {
    Action.CREATE: "insert", Action.UPDATE: "update", Action.DELETE: "delete", Action.RESTORE: "update",
}  # fmt: skip
MAX_SHAPES = 2_000
"""Shapes of statements whose descriptions a process caches."""


@dataclass(slots=True)
class WriteContext:
    """What every step of a write is given. `position` is that of the commit, 0 while there is none."""

    resources: WriteResources
    context: Context
    model: Model
    command: Command
    position: int = 0
    consent: WebhookConsent | None = None
    """The requests to synchronous webhooks about this write; None where there are none."""
    checks_rules: bool = True
    """Whether rules and machines of records whose totals change apply, as those of the written records do."""
    dry_run: bool = False
    """Whether nothing of it will remain."""
    numbered: dict[tuple[str, str, tuple[str, str]], None] = field(default_factory=dict)
    """Entity, field and surrounding texts of the numbers that it has given."""
    peeked: Counter[tuple[str, str, tuple[str, str]]] = field(default_factory=Counter)
    """How many numbers of each a dry run has given, which takes none."""
    by_definition: bool = False
    """Whether a definition has the write done: it may write anything, and take transitions of any role."""

    @classmethod
    def of(
        cls, resources: WriteResources, context: Context, model: Model, effect_key: str | None = None
    ) -> WriteContext:
        """The context of a request's write."""
        return cls(resources, context, model, _command(context, model.version, effect_key))

    @property
    def caller(self) -> Identity:
        """Whose permissions decide. The user that rules and webhooks hear of is the context's."""
        return SYSTEM if self.by_definition else self.context.user

    @property
    def database(self) -> Database:
        return self.resources.core.databases.of(self.context.the_app)

    @property
    def now(self) -> datetime:
        """The write's time: the same in every repetition for synchronous webhooks."""
        return clock.now() if self.consent is None else self.consent.now

    def runs_once(self, entity: EntityModel) -> bool:
        """Whether a write is never repeated: no slug or number can be taken meanwhile, and no webhook is called."""
        return entity.definition.slug is None and not entity.numbered and not self.model.synchronous_webhooks

    def change(
        self,
        key: KeyValue | None,
        values: Values,
        if_version: int | None = None,
        effects: Sequence[Mapping[str, Any]] = (),
    ) -> RowChange:
        """One record's change by this request's command."""
        text = exact.dumps(effects).decode() if effects else None
        return RowChange(self.command, key, values, if_version, text)

    def span(self, action: Action, entity: EntityModel) -> tracing.Span:
        """The span of the write, which what it leads to hangs under: its id derives from that of the commit.

        A write that synchronous webhooks may be asked about is carried out several times: see `note_commit`.
        """
        span_id = tracing.write_span_id(str(self.command.id)) if self.consent is None else ""
        return tracing.span("engine", "writer", SPANS[action], entity.name, span_id)

    def note_commit(self, entity: EntityModel) -> None:
        """Leave a span that what it leads to hangs under, where that of the write is not known by its commit."""
        if self.consent is not None and self.position:
            span_id = tracing.write_span_id(str(self.command.id))
            with tracing.span("engine", "writer", "write.commit", entity.name, span_id):
                pass

    async def commit_one(self, entity: EntityModel, action: Action, change: RowChange) -> Written | None:
        """Commit the change of one record, in one statement that it may share with other requests.

        Returns None where nothing was changed: no such record, reference or version, or another schema. A commit of
        several records is a `transaction` (services/data/writes/consequences/transaction.py).
        """
        app = self.context.the_app
        await self.resources.relay.activate(app)
        with self.span(action, entity) as span:
            shape = StatementShape(action, tuple(change.values))
            with tracing.span("db", "query", "query.execute", entity.name) as query:
                query.metadata = {**described_shape(entity.name, shape)}
                written = await self.resources.batcher.write(self.database, entity, shape, change, self.model.version)
                query.metadata["rows"] = int(written is not None)
            if written is not None:
                span.metadata["version"] = written.version
                self.position = written.position
                self.resources.relay.wake(app)
        return written


@lru_cache(MAX_SHAPES)
def described_shape(entity: str, shape: StatementShape) -> dict[str, str]:
    """What the span of a statement that several requests may share says of it. Shared, so it must not be changed."""
    text = f"{STATEMENTS[shape.action].upper()} {entity} {' '.join(shape.columns)}"
    return {**described(text), "statement": STATEMENTS[shape.action]}


def _command(context: Context, schema_version: int, effect_key: str | None) -> Command:
    """What the log notes about a request: who, from where, in which trace, because of what."""
    user = context.user
    on_behalf = {"on_behalf_of": user.on_behalf_of} if user.on_behalf_of else {}
    document = {
        "actor": {"id": user.id, "email": user.email, "roles": user.roles, "via": user.via, **on_behalf},
        "origin": {"ip": context.ip, "user_agent": context.user_agent},
        "cause": context.cause,
        "cause_depth": context.cause_depth,
    }
    return Command(uuid7(), exact.dumps(document).decode(), UUID(context.trace_id), schema_version, effect_key)
