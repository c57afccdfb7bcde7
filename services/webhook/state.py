"""What the webhook service works with."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.bus.outbox.outbox import Outbox
from libs.shared.bus.outbox.relay import Relay
from libs.shared.bus.timers.due import Due
from libs.shared.runtime import Core
from services.webhook.books import Books
from services.webhook.dispatcher import Dispatcher
from services.webhook.recording import Recorder
from services.webhook.requests import RequestBuilder
from services.webhook.sending import Sender
from services.webhook.settings import WebhookSettings


@dataclass(frozen=True, slots=True)
class State:
    """The runtime's resources, the apps' webhooks, and who sends and writes down, with timers and signals."""

    core: Core
    settings: WebhookSettings
    books: Books
    due: Due
    outbox: Outbox
    relay: Relay
    sender: Sender
    requests: RequestBuilder
    recorder: Recorder
    dispatcher: Dispatcher
