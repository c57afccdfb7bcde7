"""The state of the notify service."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.timers.due import Due
from libs.shared.runtime import Core
from libs.shared.schema.notifications import NotificationRule
from libs.shared.snapshots.subscriptions import Subscriptions
from libs.shared.snapshots.versions import Versions
from services.notify.channels.types import ChannelTypes
from services.notify.definitions import NotificationDefinitions


@dataclass(frozen=True, slots=True)
class State:
    """The resources of the service: rules, channels and templates of all apps, types of channels, timers."""

    core: Core
    rules: Subscriptions[NotificationRule]
    definitions: Versions[NotificationDefinitions]
    channel_types: ChannelTypes
    transactions: Transactions
    due: Due
