"""What the webhook service works with."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.bus.due import Due
from libs.shared.bus.outbox import Outbox
from libs.shared.bus.relay import Relay
from libs.shared.runtime import Core
from libs.shared.schema.compiled import Compiled
from services.webhook.dispatcher import Dispatcher
from services.webhook.matching import Book


@dataclass(frozen=True, slots=True)
class State:
    """The runtime's resources, the apps' webhooks, and the dispatcher with its timers and signals."""

    core: Core
    books: Compiled[Book]
    due: Due
    outbox: Outbox
    relay: Relay
    dispatcher: Dispatcher
