"""What the handlers, the consumers and the retention of the events service work with."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.runtime import Core
from libs.shared.schema import Snapshot
from libs.shared.schema.compiled import Compiled
from services.events.partitions import Partitions


@dataclass(frozen=True, slots=True)
class State:
    """Resources, the schemas to audit with, and the day partitions."""

    core: Core
    definitions: Compiled[Snapshot]
    partitions: Partitions

    def database(self, app: AppRef) -> Database:
        return self.core.databases.of(app)
