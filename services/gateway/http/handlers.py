"""The handler of each line of the routing table: forwarded to a service, or the gateway's own with its body parsed.

An Idempotency-Key is honoured by the service that owns the effect; for the gateway's own routes, here.
Left out are uploads, as a file's bytes are not kept for comparison (an upload that is sent again is another file), and
logins and refreshes, whose callers are not known yet. Answers that hold a secret are not kept (see `run_once`).
"""

from __future__ import annotations

from aiohttp import web

from libs.shared.bodies import parse_body
from libs.shared.contracts.bodies import RequestBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Request, Response
from libs.shared.runtime.idempotency import run_once
from services.gateway.http.bodies import read_body
from services.gateway.http.forwarding import forwarder
from services.gateway.http.idempotency_key import HEADER, with_idempotency_key
from services.gateway.routing.route import Handler, Local
from services.gateway.state import State

RAW_BODY = web.RequestKey("raw_body", bytes)
"""A request's body, where it has been read for its Idempotency-Key."""


def handler_of(target: type[Request[object]] | Local) -> Handler:
    """What answers a route's requests."""
    if not isinstance(target, Local):
        return forwarder(target)
    handler = target.handler if target.body is None else _with_body(target.handler, target.body)
    return _idempotent(handler) if target.idempotent else handler


def _with_body(handler: Handler, model: type[RequestBody]) -> Handler:
    async def parsing(state: State, request: web.Request, context: Context) -> Response | web.StreamResponse:
        known = request.get(RAW_BODY)
        body = await read_body(state, request) if known is None else known
        return await handler(state, request, context, parse_body(model, body))

    return parsing


def _idempotent(handler: Handler) -> Handler:
    async def honouring(state: State, request: web.Request, context: Context) -> Response | web.StreamResponse:
        if HEADER not in request.headers:
            return await handler(state, request, context)
        request[RAW_BODY] = await read_body(state, request)
        key = with_idempotency_key(request, context, request[RAW_BODY]).idempotency
        assert key is not None, "the header is there"
        database = state.core.databases.of(context.the_app)

        async def run() -> Response:
            answer = await handler(state, request, context)
            assert isinstance(answer, Response), "a stream can't be kept"
            return answer

        return await run_once(state.core.name, database, key, run)

    return honouring
