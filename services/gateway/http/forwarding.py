"""Turns an HTTP request into a contract, sends it over NATS, and passes on the bytes of the response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import Any

from aiohttp import web

from libs.shared import clock
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.errors import RocketError
from services.gateway.http.authentication import header
from services.gateway.http.bodies import read_body
from services.gateway.http.idempotency_key import HEADER, with_idempotency_key
from services.gateway.routing.route import HEADERS
from services.gateway.state import State

Forward = Callable[[State, web.Request, Context], Awaitable[Response]]


def forwarder(contract: type[Request[Any]]) -> Forward:
    """A handler that sends `contract` to the service that owns it. Path, query, headers and body fill its fields."""
    names = [field.name for field in fields(contract)]  # type: ignore[arg-type]
    in_path = [name for name in names if name not in ("query", "body") and name not in HEADERS]
    in_headers = [(name, HEADERS[name]) for name in names if name in HEADERS]
    has_query, has_body = "query" in names, "body" in names
    writes = contract.writes is not Writes.NOTHING

    async def forward(state: State, request: web.Request, context: Context) -> Response:
        path = request.match_info
        values: dict[str, Any] = {name: path[name] for name in in_path if name in path}
        for name, wanted in in_headers:
            values[name] = header(request, wanted)
        if has_query:
            values["query"] = list(request.query.items()) if request.query_string else []
        if has_body:
            values["body"] = await read_body(state, request, contract.max_body_bytes)
        if writes and request.query_string and "as_of" in request.query:
            raise RocketError("INVALID_PAYLOAD", "Nothing can be written as of another time")
        if writes and HEADER in request.headers:
            context = with_idempotency_key(request, context, values.get("body", b""))
        if contract.timeout:
            context = context.until(clock.unix() + contract.timeout)
        answer: Response = await state.core.rpc.request(contract(**values), context)
        return answer

    return forward
