"""Uploads and deletions of files. An upload is streamed from the socket to storage, never in memory whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
from aiohttp import BodyPartReader, ClientError, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from libs.shared.contracts import files as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError
from libs.shared.ids import uuid7
from libs.shared.telemetry import tracing
from services.gateway.files.naming import safe_name
from services.gateway.files.storage import CHUNK_BYTES, too_large
from services.gateway.files.types import HEAD_BYTES, check_type, claimed_type
from services.gateway.state import State

MAX_PARTS = 20
"""Parts that may precede the file."""
MAX_ENVELOPE_BYTES = 1024 * 1024
"""Bytes of a body that may be something else than the file."""
MALFORMED = (ValueError, AssertionError, RuntimeError, HttpProcessingError, ClientError, web.RequestPayloadError)
DISCONNECTED = (ConnectionResetError, BrokenPipeError)
"""The client has disconnected in the middle."""


async def upload(state: State, request: web.Request, context: Context) -> Response:
    """Store the part `file`. Raises INVALID_PAYLOAD without one, FILE_TOO_LARGE, VALIDATION_FAILED for its type."""
    file_id, app = str(uuid7()), context.the_app
    await state.sweeper.arm(app)
    await state.core.rpc.request(contracts.AnnounceFile(file_id), context)
    with tracing.span("storage", "files", "file.upload") as span:
        try:
            registration = await _receive(state, request, context, file_id)
        except BaseException:
            await asyncio.shield(state.sweeper.discard(_anew(state, context), file_id))
            raise
        span.metadata["size"] = registration.size
        await _register(state, _anew(state, context), registration)
    data = {
        "id": file_id,
        "filename": registration.filename,
        "size": registration.size,
        "mime_type": registration.mime_type,
        "url": f"/api/{app.name}/_files/{file_id}",
    }
    return Response(201, orjson.dumps({"data": data}))


async def remove(state: State, request: web.Request, context: Context) -> Response:
    """Forget a file: from now on it is not there. Its bytes go as well, at the latest with the sweeper.

    Raises CONFLICT naming the records that hold it, unless `force=true` takes it out of them.
    """
    force = request.query.get("force", "false")
    if force not in ("true", "false"):
        raise RocketError("INVALID_PAYLOAD", "force must be true or false")
    await state.sweeper.arm(context.the_app)
    with tracing.span("storage", "files", "file.delete"):
        info = await state.core.rpc.request(contracts.RemoveFile(request.match_info["id"], force == "true"), context)
        await state.sweeper.discard(context, info.id)
    return Response(body=orjson.dumps({"data": {"id": info.id, "deleted": True}}))


async def _receive(state: State, request: web.Request, context: Context, file_id: str) -> contracts.RegisterFile:
    limit = state.settings.max_file_bytes
    if (request.content_length or 0) > limit + MAX_ENVELOPE_BYTES:
        raise too_large(limit)
    try:
        async with asyncio.timeout(state.settings.upload_timeout):
            parts, part = await _file_part(request)
            filename = safe_name(part.filename or "")
            kind = claimed_type(part.headers.get("Content-Type", ""), filename)
            head = await _head(part)
            check_type(kind, head, state.settings.file_types)
            size = await state.storage.put(context.the_app.id, file_id, _chunks(head, parts, part), limit)
    except TimeoutError:
        raise RocketError("TIMEOUT", "The upload did not arrive in time", headers={"Connection": "close"}) from None
    except (*MALFORMED, *DISCONNECTED):
        raise RocketError("INVALID_PAYLOAD", "The upload is not valid multipart/form-data") from None
    return contracts.RegisterFile(file_id, filename, kind, size)


async def _register(state: State, context: Context, registration: contracts.RegisterFile) -> None:
    try:
        await state.core.rpc.request(registration, context)
    except RocketError as error:
        # Without an answer it may be registered or not; then the sweeper, which can tell, has the last word.
        if not error.transient:
            await state.sweeper.discard(context, registration.id)
        raise


def _anew(state: State, context: Context) -> Context:
    """The time for the upload is not the time for the request: that begins when the bytes have arrived."""
    return context._replace(deadline=0.0).within(state.settings.request_timeout)


async def _file_part(request: web.Request) -> tuple[MultipartReader, BodyPartReader]:
    if not request.content_type.startswith("multipart/"):
        raise RocketError("INVALID_PAYLOAD", "The upload must be multipart/form-data")
    parts = await request.multipart()
    for _ in range(MAX_PARTS):
        part = await parts.next()
        if isinstance(part, BodyPartReader) and part.name == "file":
            return parts, part
        if part is None:
            break
    raise RocketError("INVALID_PAYLOAD", "The upload has no part named file")


async def _head(part: BodyPartReader) -> bytes:
    """The first bytes, enough to see what they are; all of a shorter file."""
    head = b""
    while len(head) < HEAD_BYTES and (chunk := await part.read_chunk(CHUNK_BYTES)):
        head += bytes(chunk)
    return head


async def _chunks(head: bytes, parts: MultipartReader, part: BodyPartReader) -> AsyncIterator[bytes]:
    yield head
    while chunk := await part.read_chunk(CHUNK_BYTES):
        yield bytes(chunk)
    # A body that ends without the closing boundary was cut off: this finds out, and raises ValueError.
    await parts.next()
