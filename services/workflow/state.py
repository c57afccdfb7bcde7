"""The state shared by the handlers, consumer and runner of the workflow service."""

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
    """Resources, the triggers of each app's workflows, timers of instances and schedules, the outbox of signals."""

    core: Core
    workflows: Subscriptions[WorkflowDefinition]
    due: Due
    schedules: Due
    transactions: Transactions

    def database(self, app: AppRef) -> Database:
        return self.core.databases.of(app)
