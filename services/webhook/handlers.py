"""The endpoints of the delivery log, and the requests of other services."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from libs.shared import clock, exact
from libs.shared.contracts import webhooks as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.figures import CountFigures, Figures
from libs.shared.contracts.messages import Response
from libs.shared.errors import invalid, not_found
from libs.shared.ids import parse_uuid
from libs.shared.paging import page_of
from libs.shared.postgres.counting import load_counts
from services.webhook import endpoint_store, store, synchronous_webhooks
from services.webhook.dispatcher import SAFETY_S
from services.webhook.state import State
from services.webhook.views import Row, visible


async def list_deliveries(state: State, context: Context, request: contracts.ListDeliveries) -> Response:
    """One page of the log, newest first."""
    query = dict(request.query)
    page = page_of(query, size=100)
    wanted = query.get("webhook_id", "").lower()
    webhook_id = parse_uuid(wanted)
    if wanted and webhook_id is None:
        rows, total = b"[]", 0  # no webhook has such an id
    else:
        by = store.Filter(webhook_id, query.get("status", ""), query.get("entity", ""))
        rows, total = await store.listing(state.core.databases.of(context.the_app), by, page.size, page.offset)
    return Response(
        body=exact.dumps(
            {"data": visible(rows, await state.core.schemas.get(context.the_app)), "meta": page.meta(total)}
        )
    )


async def get_delivery(state: State, context: Context, request: contracts.GetDelivery) -> Response:
    """One delivery with the request, response and outcome of every attempt."""
    return Response(body=exact.dumps({"data": await _load(state, context, _id(request.id))}))


async def count_figures(state: State, context: Context, request: CountFigures) -> Figures:
    """How many deliveries have failed."""
    database = state.core.databases.of(context.the_app)
    return Figures(*await load_counts(database, store.FIGURES, context.remaining()))


async def retry_delivery(state: State, context: Context, request: contracts.RetryDelivery) -> Response:
    """Retry a delivery now, regardless of its attempts and of the circuit; delivered ones are refused."""
    delivery_id, app, now = _id(request.id), context.the_app, clock.now()
    database = state.core.databases.of(app)
    async with state.transactions.begin(app, due_at=now + timedelta(seconds=SAFETY_S)) as transaction:
        endpoint = await store.make_due(transaction.connection, delivery_id, now)
    delivery = await _load(state, context, delivery_id)
    if endpoint is None:
        raise invalid("The delivery has arrived; only failed and retrying ones can be retried")
    await endpoint_store.let_through(database, endpoint)
    state.dispatcher.wake(app, [endpoint])
    return Response(body=exact.dumps({"data": delivery}))


async def ask_synchronous_webhooks(
    state: State, context: Context, request: contracts.AskSynchronousWebhooks
) -> contracts.WebhookVerdicts:
    """The verdicts of synchronous webhooks on a write, before it is committed."""
    return contracts.WebhookVerdicts(await synchronous_webhooks.ask_all(state, context, request))


async def _load(state: State, context: Context, delivery_id: UUID) -> Row:
    row = await store.get(state.core.databases.of(context.the_app), delivery_id)
    if row is None:
        raise not_found("Webhook log")
    [delivery] = visible(b"[%s]" % row, await state.core.schemas.get(context.the_app))
    return delivery


def _id(text: str) -> UUID:
    identifier = parse_uuid(text)
    if identifier is None:
        raise not_found("Webhook log")
    return identifier
