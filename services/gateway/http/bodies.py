"""Reads bodies of requests, bounded in size, shape and time."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from libs.shared.errors import RocketError
from services.gateway.limits.shapes import check_shape
from services.gateway.state import State

UNREADABLE = (aiohttp.ClientError, HttpProcessingError, web.RequestPayloadError)
"""Bodies that are not what their headers say."""


async def read_body(state: State, request: web.Request, max_bytes: int = 0) -> bytes:
    """The whole body. Raises PAYLOAD_TOO_LARGE, TIMEOUT, INVALID_PAYLOAD.

    With `max_bytes`, which is for bodies larger than usual, the service that reads it bounds its shape.
    """
    body = await _read_bytes(state, request, max_bytes or state.settings.max_body_bytes)
    if not max_bytes:
        check_shape(body, state.shape)
    return body


async def _read_bytes(state: State, request: web.Request, limit: int) -> bytes:
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    try:
        if request.content.is_eof():
            # Most bodies come with the head: there is nothing to wait for.
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
    """413. The connection is closed, as the rest of the body is not read."""
    return RocketError("PAYLOAD_TOO_LARGE", f"The body may have at most {limit} bytes", headers={"Connection": "close"})
