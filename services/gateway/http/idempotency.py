"""The gateway's own routes that honour an `Idempotency-Key`; what is forwarded is honoured by the service that owns it.

Left out are uploads, as a file's bytes are kept nowhere to be compared (an upload that is sent again is
another file), and logins and refreshes, whose callers nobody knows yet. Answers that hold a secret are
not kept (see `run_once`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from aiohttp import web

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.runtime.idempotency import run_once
from services.gateway.http.forwarding import read_body
from services.gateway.http.idempotency_key import HEADER, with_idempotency_key
from services.gateway.state import State

BODY = web.RequestKey("body", bytes)
"""A request's body, where it has been read before its turn."""

Call = Callable[[State, web.Request, Context], Awaitable[Response]]


def once(call: Call) -> Call:
    """A route made to honour the key; its effect lies in the app's database."""

    @wraps(call)
    async def honouring(state: State, request: web.Request, context: Context) -> Response:
        if HEADER not in request.headers:
            return await call(state, request, context)
        request[BODY] = await read_body(state, request)
        wish = with_idempotency_key(request, context, request[BODY]).idempotency
        assert wish is not None, "the header is there"
        database = state.core.databases.of(context.the_app)
        return await run_once(state.core.name, database, wish, lambda: call(state, request, context))

    return honouring


async def body_of(state: State, request: web.Request) -> bytes:
    """The body of a request to a route that may be made `once`."""
    known = request.get(BODY)
    return await read_body(state, request) if known is None else known
