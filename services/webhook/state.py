"""The state of the webhook service."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.timers.due import Due
from libs.shared.runtime import Core
from libs.shared.schema.webhooks import WebhookDefinition
from libs.shared.snapshots.subscriptions import Subscriptions
from services.webhook.dispatcher import Dispatcher
from services.webhook.recording import Recorder
from services.webhook.requests import RequestBuilder
from services.webhook.sending import Sender
from services.webhook.settings import WebhookSettings


@dataclass(frozen=True, slots=True)
class State:
    """The resources of the service: webhooks of all apps, timers, transactions, and the parts that send and record."""

    core: Core
    settings: WebhookSettings
    webhooks: Subscriptions[WebhookDefinition]
    due: Due
    transactions: Transactions
    sender: Sender
    requests: RequestBuilder
    recorder: Recorder
    dispatcher: Dispatcher
