"""The state shared by the handlers, consumers and retention of the events service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from libs.shared.bus.nats.nkeys import Issuer
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.rpc.streaming import Streams
from libs.shared.contracts.apps import AppsChanged
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.runtime import Core
from services.events.definitions import AuditDefinitionVersions
from services.events.partitions import Partitions
from services.events.sampling import Instrumentation, TraceSampler


@dataclass(frozen=True, slots=True)
class State:
    """Resources, the schemas to audit with, transactions, the day partitions, and what subscribers need.

    `issuer` signs the rights of subscribers; None where they are disabled. `app_changes` are not yet processed,
    nor are `schema_changes`, which are the ids of apps.
    """

    core: Core
    definitions: AuditDefinitionVersions
    transactions: Transactions
    partitions: Partitions
    issuer: Issuer | None
    app_changes: asyncio.Queue[AppsChanged]
    schema_changes: asyncio.Queue[str]
    sampler: TraceSampler
    streams: Streams
    """Exports that are pulled."""

    def database(self, app: AppRef) -> Database:
        return self.core.databases.of(app)

    async def instrumentation(self, app: AppRef) -> Instrumentation:
        """What is kept of an app's spans and events, by its settings of this moment."""
        return Instrumentation.of((await self.core.schemas.get(app)).settings.instrumentation, self.core.settings)

    async def kept_since(self, app: AppRef) -> datetime:
        """The oldest moment whose events of an app are kept."""
        return self.partitions.since((await self.instrumentation(app)).retention_days)

    async def ensure_days(self, app: AppRef, days: Iterable[date]) -> None:
        """Make the partitions of an app's days that are missing; too old ones are left out."""
        await self.partitions.ensure(app, days, (await self.instrumentation(app)).retention_days)
