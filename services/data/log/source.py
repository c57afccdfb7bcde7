"""The commit log as the relay reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import structlog

from libs.shared import exact
from libs.shared.bus.nats.jetstream import Outgoing
from libs.shared.contracts.cloudevents import attributes
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import (
    COMMITS,
    EFFECTS,
    HEARD_EVERY_COMMITS,
    REFERENCE,
    SCHEMA,
    CommitEvent,
    commit_subject,
    commit_type,
    commits_of,
)
from libs.shared.postgres.databases import Database
from libs.shared.schema import Snapshot
from libs.shared.snapshots.cache import Schemas
from services.data.log import store
from services.data.log.entries import Unreadable, bare_event, commit_event

log = structlog.get_logger()

MAX_EVENT_BYTES = 512 * 1024
"""Bytes of a published event; larger ones go without images, which consumers fetch from data."""


class CommitLog:
    """`data.commits`, as messages for the stream COMMITS."""

    service = "data"
    stream = COMMITS
    table = store.LOG_TABLE
    sequence = "data.position"

    def __init__(self, schemas: Schemas, on_settled: Callable[[AppRef, int], None]) -> None:
        self._schemas = schemas
        self.on_settled = on_settled
        self._prepared: dict[str, int] = {}

    def subject_filter(self, app: AppRef) -> str:
        return commits_of(app.id)

    async def read(self, app: AppRef, database: Database, after: tuple[int, int], limit: int) -> Sequence[Outgoing]:
        """The next entries. Also creates the log's next partition in time."""
        await self._prepare(app, database, after[0])
        rows = await database.fetch(store.BEHIND, *after, limit)
        if not rows:
            return []
        newest = max(row["schema_version"] for row in rows)
        schema = await self._schemas.get(app, at_least=newest)
        return [self._read(app, schema, row) for row in rows]

    def _read(self, app: AppRef, schema: Snapshot, row: Any) -> Outgoing:
        """An entry as a message. One that can't be read is published as a reference.

        A consumer that fetches it is refused and makes it a dead letter, which can be replayed once it is repaired.
        """
        try:
            return self._message(app, schema, commit_event(app, schema, row))
        except Unreadable as error:
            log.error("log.not_readable", app_id=app.id, position=row["position"], n=row["n"], error=str(error))
            return self._message(app, schema, bare_event(app, schema, row), is_reference=True)

    async def _prepare(self, app: AppRef, database: Database, position: int) -> None:
        ahead = position // 1_000_000 + 1
        if self._prepared.get(app.id) != ahead:
            await database.execute(store.PREPARE_PARTITIONS, position)
            self._prepared[app.id] = ahead

    def _message(self, app: AppRef, schema: Snapshot, event: CommitEvent, is_reference: bool = False) -> Outgoing:
        payload = exact.dumps(event)
        headers: dict[str, Any] = attributes(
            f"{app.id}/{event.key}", commit_type(event.action), app.id, event.record_key, event.at
        )
        headers[SCHEMA] = str(event.schema_version)
        if event.effects:
            headers[EFFECTS] = str(len(event.effects))
        if is_reference or len(payload) > MAX_EVENT_BYTES:
            payload = exact.dumps(replace(event, before=None, after=None, changed={}, effects=()))
            headers[REFERENCE] = event.key
        subject = commit_subject(app.id, event.entity, event.action, event.record_id, is_quiet(schema, event))
        return Outgoing((event.position, event.n), subject, payload, headers)


def is_quiet(schema: Snapshot, event: CommitEvent) -> bool:
    """Whether no definition waits for a commit, and it has no effects.

    Only the definitions of a commit's own version decide that. Some quiet commits are published for all the same.
    """
    if event.effects or event.schema_version != schema.version or event.entity in schema.awaited:
        return False
    return bool((event.position + event.n) % HEARD_EVERY_COMMITS)
