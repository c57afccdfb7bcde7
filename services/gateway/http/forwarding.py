"""A request becomes a contract, is asked over NATS, and its answer's bytes are passed on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from libs.shared import clock
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.errors import RocketError
from services.gateway.http.authentication import header
from services.gateway.http.idempotency_key import HEADER, with_idempotency_key
from services.gateway.limits.shapes import check_shape
from services.gateway.routing.route import HEADERS
from services.gateway.state import State

UNREADABLE = (aiohttp.ClientError, HttpProcessingError, web.RequestPayloadError)
"""Bodies that are not what their headers say."""
Forward = Callable[[State, web.Request, Context], Awaitable[Response]]


def forwarder(contract: type[Request[Any]]) -> Forward:
    """What asks the service that owns `contract`; its fields are filled from path, query, headers and body."""
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


async def read_body(state: State, request: web.Request, largest: int = 0) -> bytes:
    """The whole body, bounded in size, shape and time. Raises PAYLOAD_TOO_LARGE, TIMEOUT, INVALID_PAYLOAD.

    What may be larger than others is bounded in number by whoever reads it.
    """
    body = await _read_bytes(state, request, largest or state.settings.max_body_bytes)
    if not largest:
        check_shape(body, state.shape)
    return body


async def _read_bytes(state: State, request: web.Request, limit: int) -> bytes:
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    try:
        if request.content.is_eof():
            # All of it came with the head, as most bodies do: there is nothing to wait for.
            return _within(limit, request.content.read_nowait())
        async with asyncio.timeout(state.settings.body_timeout):
            return await _read(request, limit)
    except TimeoutError:
        raise RocketError("TIMEOUT", "The body did not arrive in time") from None
    except UNREADABLE:
        raise RocketError("INVALID_PAYLOAD", "The body can't be read") from None


async def _read(request: web.Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _within(limit: int, body: bytes) -> bytes:
    if len(body) > limit:
        raise too_large(limit)
    return body


def too_large(limit: int) -> RocketError:
    """413; the connection is closed, as the rest of the body is not read."""
    return RocketError("PAYLOAD_TOO_LARGE", f"The body may have at most {limit} bytes", headers={"Connection": "close"})
