"""The table of contents of the webhook service."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator

from libs.shared.bus.consumer import Consumer
from libs.shared.bus.due import Due
from libs.shared.bus.outbox import Outbox
from libs.shared.bus.relay import Relay
from libs.shared.contracts import webhooks as ask
from libs.shared.contracts.streams import COMMITS, SIGNALS
from libs.shared.runtime import Core, Service
from libs.shared.schema.compiled import Compiled
from services.webhook import actions, consumers, handlers
from services.webhook.dispatcher import Dispatcher
from services.webhook.matching import read_book
from services.webhook.sending import Sender, open_session
from services.webhook.settings import WebhookSettings
from services.webhook.state import State


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """Webhooks by app, the relay of our signals, one HTTP session, the dispatcher."""
    outbox = Outbox("webhook")
    relay = Relay(outbox, core.databases, core.stream, core.leases, core.apps)
    due = Due(core.databases, core.apps, "webhook")
    async with open_session(core.settings) as session, relay.running():
        sender = Sender(session, core.settings, os.environ)
        dispatcher = Dispatcher(core.settings, core.databases, sender, due, outbox, relay)
        try:
            yield State(core, Compiled(core.schemas, read_book), due, outbox, relay, dispatcher)
        finally:
            await dispatcher.close()


async def dispatch(state: State) -> None:
    """Send deliveries when their time has come."""
    await state.due.run(state.dispatcher.look)


SERVICE = Service(
    name="webhook",
    open=open_state,
    settings=WebhookSettings,
    endpoints={
        ask.ListDeliveries: handlers.list_deliveries,
        ask.GetDelivery: handlers.get_delivery,
        ask.RetryDelivery: handlers.retry_delivery,
    },
    consumers=(
        Consumer(
            name="webhook",
            stream=COMMITS,
            handle=consumers.note_deliveries,
            before=consumers.prepare,
            interest=consumers.interest,
            concerns=consumers.concerns,
            after=consumers.hurry,
            effects=True,
        ),
        Consumer(
            name="webhook_actions",
            stream=SIGNALS,
            handle=actions.note_request,
            before=actions.prepare,
            concerns=actions.concerns,
            after=actions.hurry,
        ),
    ),
    lag=lambda state: {"relay": state.relay.lag},
    workers=(dispatch,),
)
