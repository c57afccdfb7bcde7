"""The table of contents of the webhook service."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial

from libs.shared.bus.consumers.consumer import Consumer
from libs.shared.bus.outbox.outbox import Outbox
from libs.shared.bus.outbox.relay import Relay
from libs.shared.bus.timers.due import Due
from libs.shared.contracts import webhooks as contracts
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import COMMITS, SIGNALS
from libs.shared.replays import Projection
from libs.shared.replays.derived import verifying
from libs.shared.runtime import Core, Service
from services.webhook import consumers, endpoint_handlers, handlers, redelivering, workflow_actions
from services.webhook.books import Books
from services.webhook.dispatcher import Dispatcher
from services.webhook.pruning import Pruning
from services.webhook.recording import Recorder
from services.webhook.replays.deriving import Deliveries
from services.webhook.requests import RequestBuilder
from services.webhook.sending import Sender, open_session
from services.webhook.settings import WebhookSettings
from services.webhook.state import State


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """Webhooks by app, the relay of our signals, one HTTP session, the dispatcher."""
    settings, outbox = core.settings, Outbox("webhook")
    relay = Relay(outbox, core.databases, core.stream, core.leases, core.apps)
    due = Due(core.databases, core.apps, "webhook")
    books = Books(core.schemas, core.rpc)
    async with open_session(settings) as session, relay.running():
        sender = Sender(session, settings, os.environ)
        recorder = Recorder(settings, core.databases, due, outbox, relay)
        dispatcher = Dispatcher(settings, core.databases, books, sender, recorder)
        requests = RequestBuilder(settings)
        try:
            yield State(core, settings, books, due, outbox, relay, sender, requests, recorder, dispatcher)
        finally:
            await dispatcher.close()


async def dispatch(state: State) -> None:
    """Send deliveries when their time has come, go on with replays, forget what is old."""
    await state.due.run(partial(_look, state, Pruning(state.core.databases, state.settings)))


async def _look(state: State, pruning: Pruning, app: AppRef) -> datetime | None:
    replays = await redelivering.go_on(state, app)
    deliveries = await state.dispatcher.look(app)
    await pruning.look(app)
    return min((moment for moment in (replays, deliveries) if moment), default=None)


SERVICE = Service(
    name="webhook",
    open=open_state,
    settings=WebhookSettings,
    endpoints={
        contracts.ListDeliveries: handlers.list_deliveries,
        contracts.GetDelivery: handlers.get_delivery,
        contracts.RetryDelivery: handlers.retry_delivery,
        contracts.AskReceivers: handlers.ask_receivers,
        contracts.LookAtEndpoints: endpoint_handlers.look_at_endpoints,
        contracts.SendExample: endpoint_handlers.send_example,
        contracts.EnableWebhook: endpoint_handlers.enable_webhook,
        contracts.RotateSecret: endpoint_handlers.rotate_secret,
        contracts.ReplayWebhook: endpoint_handlers.replay_webhook,
        contracts.ListReplays: endpoint_handlers.list_replays,
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
            together=True,
            effects=True,
        ),
        Consumer(
            name="webhook_actions",
            stream=SIGNALS,
            handle=workflow_actions.note_request,
            before=workflow_actions.prepare,
            concerns=workflow_actions.concerns,
            after=workflow_actions.hurry,
        ),
    ),
    lag=lambda state: {"relay": state.relay.lag},
    workers=(dispatch,),
    projections=(Projection("webhook", verifying(Deliveries())),),
)
