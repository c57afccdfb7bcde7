"""What the handlers, the consumer and the runner of the workflow service work with."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.bus.outbox.outbox import Outbox
from libs.shared.bus.outbox.relay import Relay
from libs.shared.bus.timers.due import Due
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.runtime import Core
from services.workflow.definitions import Definitions
from services.workflow.triggers import Triggers


@dataclass(frozen=True, slots=True)
class State:
    """Resources, what each app's workflows wait for, timers, and the way of our signals."""

    core: Core
    definitions: Definitions
    triggers: Triggers
    due: Due
    outbox: Outbox
    relay: Relay

    def database(self, app: AppRef) -> Database:
        return self.core.databases.of(app)
