"""A request becomes a contract, is asked over NATS, and its answer's bytes are passed on."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from typing import Any

from aiohttp import web

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer, Ask
from libs.shared.errors import RocketError
from services.gateway.state import State


async def forward(state: State, request: web.Request, context: Context, contract: type[Ask[Any]]) -> Answer:
    """Ask the service that owns `contract`. Its fields are filled from path, query, headers and body."""
    values: dict[str, Any] = {}
    for field in fields(contract):  # type: ignore[arg-type]
        if field.name in request.match_info:
            values[field.name] = request.match_info[field.name]
        elif field.name == "query":
            values["query"] = list(request.query.items())
        elif field.name == "body":
            values["body"] = await read_body(state, request)
        elif field.name in HEADERS:
            values[field.name] = request.headers.get(HEADERS[field.name], "")
    answer: Answer = await state.core.asker.ask(contract(**values), context)
    return answer


async def read_body(state: State, request: web.Request) -> bytes:
    """The whole body, bounded in size and time. Raises PAYLOAD_TOO_LARGE, TIMEOUT."""
    limit = state.settings.max_body_bytes
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    if request.content.is_eof():
        # All of it came with the head, as most bodies do: there is nothing to wait for.
        body = request.content.read_nowait()
        if len(body) > limit:
            raise too_large(limit)
        return body
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(state.settings.body_timeout):
            async for chunk in request.content.iter_any():
                size += len(chunk)
                if size > limit:
                    raise too_large(limit)
                chunks.append(chunk)
    except TimeoutError:
        raise RocketError("TIMEOUT", "The body did not arrive in time") from None
    return b"".join(chunks)


def too_large(limit: int) -> RocketError:
    """413; the connection is closed, as the rest of the body is not read."""
    return RocketError("PAYLOAD_TOO_LARGE", f"The body may have at most {limit} bytes", headers={"Connection": "close"})


HEADERS = {"if_match": "If-Match", "if_none_match": "If-None-Match"}
"""Contract fields that are filled from request headers."""
