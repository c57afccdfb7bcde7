"""The operations on a webhook's endpoint: health, example, enabling, redeliveries, rotation of its secret."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from libs.shared import clock, exact
from libs.shared.bodies import parse_body
from libs.shared.contracts import commits as commits_contracts
from libs.shared.contracts import webhooks as contracts
from libs.shared.contracts.context import AppRef, Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.signals import EndpointEnabled, SecretRotated
from libs.shared.errors import invalid, not_found
from libs.shared.ids import parse_uuid
from libs.shared.paging import page_of
from libs.shared.schema.webhook_secrets import format_secret, signing_key
from services.webhook import endpoint_store, examples, redelivery_store, store
from services.webhook.health import DISABLED, HEALTHY, Health
from services.webhook.health_updates import circuit_signal
from services.webhook.matching import Webhook, WebhookIndex
from services.webhook.redelivery_store import Redelivery
from services.webhook.signing import PREVIOUS_SECRET_LIFETIME
from services.webhook.state import State

SECRET_OWNERS = ("webhooks", "state-machines", "workflows")
"""The kinds of definitions that have a secret."""


async def look_at_endpoints(
    state: State, context: Context, rpc_request: contracts.LookAtEndpoints
) -> contracts.Endpoints:
    known = await endpoint_store.load_health(state.core.databases.of(context.the_app), rpc_request.urls)
    return contracts.Endpoints({endpoint: _health_to_dict(health) for endpoint, health in known.items()})


async def send_example(state: State, context: Context, rpc_request: contracts.SendExample) -> Response:
    """Send a signed example of the entity. Its outcome does not change the health of the endpoint."""
    app = context.the_app
    webhook = await _webhook(state, app, rpc_request.id)
    snapshot = await state.core.schemas.get(app)
    delivery = examples.delivery_of(app, webhook, snapshot, context, clock.now())
    salts = await endpoint_store.load_salts(state.core.databases.of(app), [webhook.id])
    request = examples.request_of(state.requests, app, webhook, delivery, salts.get(webhook.id), context.remaining())
    outcome = await state.sender.send(request)
    [delivery_id] = store.new_ids(1)
    database = state.core.databases.of(app)
    await store.insert_sent(database, [delivery_id], [delivery], [outcome])
    return Response(body=b'{"data":%s}' % (await store.get(database, delivery_id) or b"null"))


async def enable_webhook(state: State, context: Context, rpc_request: contracts.EnableWebhook) -> Response:
    """Close the circuit in any state, and send ready deliveries at once."""
    app = context.the_app
    webhook = await _webhook(state, app, rpc_request.id)
    url = webhook.definition.url
    async with state.transactions.begin(app, emits=True) as transaction:
        known = await endpoint_store.lock_health(transaction.connection, [webhook.id])
        about, before = known.get(webhook.id, (url, HEALTHY))
        if before != HEALTHY:
            await endpoint_store.save_health(transaction.connection, {webhook.id: (url, HEALTHY)})
        if before.circuit == DISABLED and about == url:
            transaction.emit(circuit_signal(EndpointEnabled, context.trace_id, webhook.id, url, HEALTHY))
    state.dispatcher.wake(app, [webhook.id])
    return _answer({"id": webhook.id, **_health_to_dict(HEALTHY)})


async def rotate_secret(state: State, context: Context, rpc_request: contracts.RotateSecret) -> Response:
    """Rotate the secret of a webhook, or of a state machine or workflow whose actions send requests."""
    app, now = context.the_app, clock.now()
    owner = _id(rpc_request.id)
    if str(owner) not in await _secret_owners(state, app):
        raise not_found("Webhook")
    async with state.transactions.begin(app, emits=True) as transaction:
        stored = await endpoint_store.lock_salts(transaction.connection, owner)
        salts = stored.rotated(secrets.token_hex(16), now)
        await endpoint_store.save_salts(transaction.connection, owner, salts)
        transaction.emit(SecretRotated(trace_id=context.trace_id, webhook_id=str(owner), user_id=context.user.id))
    shown = {"id": str(owner), "previous_valid_until": clock.iso(now + PREVIOUS_SECRET_LIFETIME)}
    secret = format_secret(signing_key(state.settings.secret_key, app.id, str(owner), salts.current))
    # A secret is shown once: the response is not stored under an Idempotency-Key.
    return Response(body=exact.dumps({"data": {**shown, "secret": secret}}), kept=exact.dumps({"data": shown}))


async def redeliver(state: State, context: Context, rpc_request: contracts.ReplayWebhook) -> Response:
    """Start a redelivery. A worker derives its deliveries in the background, as fast as the endpoint accepts them."""
    app = context.the_app
    webhook = await _webhook(state, app, rpc_request.id)
    if not webhook.definition.is_async:
        raise invalid("This webhook is asked before writes; there is nothing to replay")
    ends = parse_body(contracts.ReplayRangeBody, rpc_request.body)
    located = await state.core.rpc.request(commits_contracts.LocateRange(ends.since, ends.until or ""), context)
    redelivery = Redelivery.new(webhook.id, located.first, located.last)
    async with state.transactions.begin(app, due_at=clock.now()) as transaction:
        row = await redelivery_store.insert(transaction.connection, redelivery, context.user.id, context.trace_id)
    return Response(202, b'{"data":%s}' % row)


async def list_redeliveries(state: State, context: Context, rpc_request: contracts.ListReplays) -> Response:
    page = page_of(dict(rpc_request.query))
    webhook = await _webhook(state, context.the_app, rpc_request.id)
    database = state.core.databases.of(context.the_app)
    rows, total = await redelivery_store.listing(database, UUID(webhook.id), page.size, page.offset)
    return Response(body=b'{"data":%s,"meta":%s}' % (rows, exact.dumps(page.meta(total))))


async def _webhook(state: State, app: AppRef, identifier: str) -> Webhook:
    """The webhook of this id as it is now. Raises NOT_FOUND."""
    webhook = (await _fresh_index(state, app)).by_id.get(str(_id(identifier)))
    if webhook is None:
        raise not_found("Webhook")
    return webhook


async def _secret_owners(state: State, app: AppRef) -> set[str]:
    """The ids of all definitions that requests are signed for: webhooks, state machines, workflows."""
    state.core.schemas.forget(app.id)
    documents = (await state.core.schemas.get(app)).documents
    return {str(document["id"]) for kind in SECRET_OWNERS for document in documents.get(kind, ())}


async def _fresh_index(state: State, app: AppRef) -> WebhookIndex:
    # The cache may be outdated, and nothing would detect that here.
    state.core.schemas.forget(app.id)
    return await state.webhooks.load(app)


def _id(text: str) -> UUID:
    identifier = parse_uuid(text)
    if identifier is None:
        raise not_found("Webhook")
    return identifier


def _health_to_dict(health: Health) -> dict[str, Any]:
    """An endpoint's health as GET returns it beside the definition."""
    return {
        "circuit": health.circuit,
        "failing_since": clock.iso(health.failing_since) if health.failing_since else None,
        "next_try_at": clock.iso(health.hold_until) if health.hold_until else None,
        "last_error": health.last_error,
    }


def _answer(data: dict[str, Any]) -> Response:
    return Response(body=exact.dumps({"data": data}))
