"""The state shared by the handlers, consumers and retention of the events service."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from libs.shared.bus.nats.nkeys import Issuer
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.contracts.apps import AppsChanged
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.runtime import Core
from services.events.definitions import AuditDefinitionVersions
from services.events.partitions import Partitions


@dataclass(frozen=True, slots=True)
class State:
    """Resources, the schemas to audit with, transactions, the day partitions, and what subscribers need.

    `issuer` signs the rights of subscribers; None where they are disabled. `app_changes` are not yet processed.
    """

    core: Core
    definitions: AuditDefinitionVersions
    transactions: Transactions
    partitions: Partitions
    issuer: Issuer | None
    app_changes: asyncio.Queue[AppsChanged]

    def database(self, app: AppRef) -> Database:
        return self.core.databases.of(app)
