"""The endpoints of `/_admin/subscribers`."""

from __future__ import annotations

import secrets
from typing import Any

from libs.shared import clock, exact
from libs.shared.bodies import parse_body
from libs.shared.contracts import subscribers as contracts
from libs.shared.contracts.context import AppRef, Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, invalid, invalid_field, not_found
from libs.shared.postgres.databases import Record
from services.events.state import State
from services.events.subscribers import durables, store
from services.events.subscribers.rights import Subscriber


async def create(state: State, context: Context, request: contracts.CreateSubscriber) -> Response:
    if state.issuer is None:
        raise RocketError("INVALID_STATE", "This installation lets no subscribers in: subscribers_secret is not set")
    body = parse_body(contracts.SubscriberBody, request.body)
    if body.expires_at is not None and not clock.is_ahead(body.expires_at):
        raise invalid_field("expires_at", "expires_at must lie ahead")
    subscriber_id, password = secrets.token_hex(16), secrets.token_urlsafe(32)
    row = await _insert(state, context, subscriber_id, body, password)
    subscriber = subscriber_of(row, context.the_app)
    try:
        await durables.prepare(state.core.stream, subscriber)
    except BaseException:
        await store.delete(state.database(context.the_app), subscriber_id)
        raise
    return _answer({**_to_dict(state, subscriber, row), "password": password}, 201)


async def list_all(state: State, context: Context, request: contracts.ListSubscribers) -> Response:
    rows = await store.list_all(state.database(context.the_app))
    return _answer([_to_dict(state, subscriber_of(row, context.the_app), row) for row in rows])


async def delete(state: State, context: Context, request: contracts.DeleteSubscriber) -> Response:
    database = state.database(context.the_app)
    row = await store.end(database, request.id)
    if row is None:
        raise not_found("Subscriber")
    # Open connections are cut before the response. If that fails, the row still exists and the request can be repeated.
    await durables.remove(state.core.stream, subscriber_of(row, context.the_app))
    await store.delete(database, request.id)
    return _answer({"id": request.id, "deleted": True})


async def _insert(
    state: State, context: Context, subscriber_id: str, body: contracts.SubscriberBody, password: str
) -> Record:
    try:
        row = await store.insert(state.database(context.the_app), subscriber_id, body, password, context.user.email)
    except RocketError as error:
        if error.code == "CONFLICT":
            raise RocketError("CONFLICT", f"There is a subscriber called {body.name}") from None
        raise
    if row is None:
        raise invalid(f"An app may have {store.MAX_SUBSCRIBERS} subscribers at most")
    return row


def subscriber_of(row: Record, app: AppRef) -> Subscriber:
    """A stored subscriber as the input of its rights."""
    return Subscriber(row["id"], app.id, app.name, list(row["streams"]), list(row["entities"]))


def _to_dict(state: State, subscriber: Subscriber, row: Record) -> dict[str, Any]:
    return {
        "id": subscriber.id,
        "name": row["name"],
        "streams": subscriber.streams,
        "entities": subscriber.entities,
        "expires_at": row["expires_at"],
        "created_at": row["created_at"],
        "created_by": row["created_by"],
        "url": state.core.settings.nats_public_url or None,
        "user": subscriber.user,
        "inbox_prefix": subscriber.inbox,
        "consumers": [{"stream": spec.name, "durable": subscriber.durable} for spec in subscriber.specs()],
    }


def _answer(data: Any, status: int = 200) -> Response:
    return Response(status, exact.dumps({"data": data}), {"Cache-Control": "no-store"})
