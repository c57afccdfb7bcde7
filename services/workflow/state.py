"""What the handlers, the consumer and the runner of the workflow service work with."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.timers.due import Due
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.runtime import Core
from libs.shared.schema.workflows import WorkflowDefinition
from libs.shared.snapshots.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True)
class State:
    """Resources, what each app's workflows wait for, timers, and the way of our signals."""

    core: Core
    workflows: Subscriptions[WorkflowDefinition]
    due: Due
    transactions: Transactions

    def database(self, app: AppRef) -> Database:
        return self.core.databases.of(app)
