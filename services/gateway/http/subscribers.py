"""New subscribers: forwarded, but without an Idempotency-Key, as an answer that holds a password is kept nowhere."""

from __future__ import annotations

from aiohttp import web

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.subscribers import CreateSubscriber
from services.gateway.http.bodies import read_body
from services.gateway.state import State


async def create(state: State, request: web.Request, context: Context) -> Response:
    """A program that may read the app's public streams over NATS; its password is shown once."""
    return await state.core.rpc.request(CreateSubscriber(await read_body(state, request)), context)
