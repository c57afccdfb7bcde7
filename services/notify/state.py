"""The state of the notify service."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.timers.due import Due
from libs.shared.runtime import Core
from libs.shared.schema.notifications import NotificationRule
from libs.shared.snapshots.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True)
class State:
    """The resources of the service: rules of all apps, transactions, timers."""

    core: Core
    rules: Subscriptions[NotificationRule]
    transactions: Transactions
    due: Due
