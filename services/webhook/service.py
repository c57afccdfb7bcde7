"""The webhook service: its endpoints, consumers and workers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial

from libs.shared.bus.consumers.consumer import Consumer
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.timers.due import Due
from libs.shared.contracts import webhooks as contracts
from libs.shared.contracts.causality import FindDeliveries
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.effect_previews import PreviewEffects
from libs.shared.contracts.figures import CountFigures
from libs.shared.contracts.operations import of
from libs.shared.contracts.streams import COMMITS, SIGNALS
from libs.shared.replays import Projection
from libs.shared.replays.derived import verifying
from libs.shared.runtime import Core, Service
from libs.shared.snapshots.subscriptions import Subscriptions
from services.webhook import consumers, endpoint_handlers, handlers, redelivering, workflow_actions
from services.webhook.causality import find_deliveries
from services.webhook.dispatcher import Dispatcher
from services.webhook.effect_previews import preview_effects
from services.webhook.matching import WEBHOOKS
from services.webhook.pruning import Pruning
from services.webhook.recording import Recorder
from services.webhook.replays.deriving import Deliveries
from services.webhook.requests import RequestBuilder
from services.webhook.sending import Sender, open_session
from services.webhook.settings import WebhookSettings
from services.webhook.state import State


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The state of the service, with the relay of its signals and its HTTP session running."""
    settings = core.settings
    due = Due(core.databases, core.apps, core.name)
    transactions = Transactions.emitting(core, due)
    webhooks = Subscriptions(core.schemas, core.rpc, WEBHOOKS)
    async with open_session(settings) as session, transactions.relay.running():
        sender = Sender(session, settings, os.environ)
        recorder = Recorder(settings, core.databases, due, transactions)
        dispatcher = Dispatcher(settings, core.databases, webhooks, sender, recorder)
        requests = RequestBuilder(settings)
        try:
            yield State(core, settings, webhooks, due, transactions, sender, requests, recorder, dispatcher)
        finally:
            await dispatcher.close()


async def dispatch(state: State) -> None:
    """Send due deliveries, continue redeliveries, delete old deliveries."""
    await state.due.run(partial(_look, state, Pruning(state.core.databases, state.settings)))


async def _look(state: State, pruning: Pruning, app: AppRef) -> datetime | None:
    redeliveries = await redelivering.go_on(state, app)
    deliveries = await state.dispatcher.look(app)
    await pruning.look(app)
    return min((moment for moment in (redeliveries, deliveries) if moment), default=None)


SERVICE = Service(
    name="webhook",
    open=open_state,
    settings=WebhookSettings,
    endpoints={
        contracts.ListDeliveries: handlers.list_deliveries,
        contracts.GetDelivery: handlers.get_delivery,
        contracts.RetryDelivery: handlers.retry_delivery,
        FindDeliveries: find_deliveries,
        contracts.AskSynchronousWebhooks: handlers.ask_synchronous_webhooks,
        contracts.LookAtEndpoints: endpoint_handlers.look_at_endpoints,
        contracts.SendExample: endpoint_handlers.send_example,
        contracts.EnableWebhook: endpoint_handlers.enable_webhook,
        contracts.RotateSecret: endpoint_handlers.rotate_secret,
        contracts.ReplayWebhook: endpoint_handlers.redeliver,
        contracts.ListReplays: endpoint_handlers.list_redeliveries,
        of("webhook", CountFigures): handlers.count_figures,
        of("webhook", PreviewEffects): preview_effects,
    },
    consumers=(
        Consumer(
            name="webhook",
            stream=COMMITS,
            plan=consumers.plan,
            apply=consumers.apply,
            wake=consumers.wake,
            topics=lambda state: state.webhooks,
            effects=True,
        ),
        Consumer(
            name="webhook_actions",
            stream=SIGNALS,
            plan=workflow_actions.plan,
            apply=workflow_actions.apply,
            wake=workflow_actions.wake,
        ),
    ),
    transactions=lambda state: state.transactions,
    lag=lambda state: {"relay": state.transactions.relay.lag},
    workers=(dispatch,),
    projections=(Projection("webhook", verifying(Deliveries())),),
)
