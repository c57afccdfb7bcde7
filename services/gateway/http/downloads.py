"""Files out: streamed from storage to socket, whole or a part, as attachments that no browser runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from aiohttp import web

from libs.shared.contracts import files as contracts
from libs.shared.contracts.context import Context
from libs.shared.errors import RocketError
from libs.shared.telemetry import tracing
from services.gateway.files.naming import content_disposition
from services.gateway.files.ranges import FileRange, Validators, requested_range
from services.gateway.state import State

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Accept-Ranges": "bytes",
}
"""A browser caches the bytes for this user, revalidates them each time, and never executes them."""


async def download(state: State, request: web.Request, context: Context) -> web.StreamResponse:
    """The bytes of a file, or the part that Range requests; for HEAD only the headers.

    Raises NOT_FOUND, and RANGE_NOT_SATISFIABLE with the size in Content-Range.
    """
    info = await state.core.rpc.request(contracts.FindFile(request.match_info["id"]), context)
    # The content of an id never changes, so the id is a strong tag.
    validators = Validators(f'"{info.id}"', datetime.fromtimestamp(info.created_at, UTC))
    part = requested_range(request.headers, info.size, validators)
    if part.status == 416:
        size = {"Content-Range": f"bytes */{info.size}"}
        raise RocketError("RANGE_NOT_SATISFIABLE", f"The file has {info.size} bytes", headers=size)
    response = web.StreamResponse(status=part.status, headers=_headers(info, part, validators, context))
    if part.status == 304 or request.method == "HEAD":
        response.content_length = None if part.status == 304 else part.end - part.start
        await response.prepare(request)
        await response.write_eof()
        return response
    with tracing.span("storage", "files", "file.serve") as span:
        span.metadata["size"] = part.end - part.start
        await _send(state, request, context, response, info.id, part)
    return response


def _headers(info: contracts.FileInfo, part: FileRange, validators: Validators, context: Context) -> dict[str, str]:
    headers = {
        **SAFE,
        "ETag": validators.etag,
        "Last-Modified": validators.last_modified,
        "X-Trace-ID": context.trace_id,
    }
    if part.status != 304:
        headers["Content-Type"] = info.mime_type
        headers["Content-Disposition"] = content_disposition(info.filename)
        headers["Content-Length"] = str(part.end - part.start)
    if part.status == 206:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{info.size}"
    return headers


async def _send(
    state: State, request: web.Request, context: Context, response: web.StreamResponse, file_id: str, part: FileRange
) -> None:
    chunks = state.storage.stream(context.the_app.id, file_id, part.start, part.end)
    # The first chunk is fetched before anything is answered, so that missing bytes are still a 404.
    first = await anext(chunks, b"")
    await response.prepare(request)
    try:
        await response.write(first)
        async for chunk in chunks:
            await response.write(chunk)
        await response.write_eof()
    except Exception:
        # Half an answer can't be taken back: cut it off rather than write another one into it.
        if request.transport is not None:
            request.transport.abort()
        raise asyncio.CancelledError from None
