"""Files in and out: streamed between socket and storage, never in memory whole."""

from __future__ import annotations

import asyncio
import mimetypes
import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import orjson
from aiohttp import BodyPartReader, ClientError, web
from aiohttp.http_exceptions import HttpProcessingError

from libs.shared.contracts import files as ask
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer
from libs.shared.errors import RocketError
from libs.shared.ids import uuid7
from services.gateway.state import State

CHUNK = 256 * 1024
MIME = re.compile(r"[\w.+-]{1,64}/[\w.+-]{1,64}")
MAX_PARTS = 20
"""Parts that may stand before the file."""
MALFORMED = (ValueError, AssertionError, RuntimeError, HttpProcessingError, ClientError, web.RequestPayloadError)
UPLOAD_TIME = 300.0
"""Seconds in which an upload must arrive."""


async def upload(state: State, request: web.Request, context: Context) -> Answer:
    """Store the part `file`. Raises INVALID_PAYLOAD without one, FILE_TOO_LARGE."""
    file_id, app = str(uuid7()), context.the_app
    try:
        async with asyncio.timeout(UPLOAD_TIME):
            part = await _file_part(request)
            filename = safe_name(part.filename or "")
            mime_type = _mime_type(part, filename)
            size = await state.storage.put(app, file_id, _chunks(part), state.settings.max_file_bytes)
    except MALFORMED:
        raise RocketError("INVALID_PAYLOAD", "The upload is not valid multipart/form-data") from None
    # The time for the upload is not the time for the request: begin anew.
    registration = ask.RegisterFile(file_id, filename, mime_type, size)
    within = Context(context.trace_id, app=app, identity=context.identity).within(state.settings.request_timeout)
    try:
        await state.core.asker.ask(registration, within)
    except RocketError:
        await state.storage.remove(app, file_id)
        raise
    data = {"id": file_id, "filename": filename, "size": size, "mime_type": mime_type}
    data["url"] = f"/api/{app.name}/_files/{file_id}"
    return Answer(201, orjson.dumps({"data": data}))


async def download(state: State, request: web.Request, context: Context) -> web.StreamResponse:
    """The bytes of a file, as an attachment that no browser runs."""
    info = await state.core.asker.ask(ask.FindFile(request.match_info["id"]), context)
    response = web.StreamResponse(
        headers={
            "Content-Type": info.mime_type,
            "Content-Length": str(info.size),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(info.filename, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Trace-ID": context.trace_id,
        }
    )
    chunks = state.storage.stream(context.the_app, info.id)
    # The first chunk is fetched before anything is answered, so that a missing file is still a 404.
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
    return response


async def remove(state: State, request: web.Request, context: Context) -> Answer:
    info = await state.core.asker.ask(ask.RemoveFile(request.match_info["id"]), context)
    await state.storage.remove(context.the_app, info.id)
    return Answer(body=orjson.dumps({"data": {"id": info.id, "deleted": True}}))


def safe_name(name: str) -> str:
    """A file name without path parts and control characters, at most 255 characters; never empty."""
    last = re.split(r"[/\\]", name)[-1]
    clean = "".join(character for character in last if character.isprintable()).strip(". ")
    return clean[:255] or "file"


async def _file_part(request: web.Request) -> BodyPartReader:
    if not request.content_type.startswith("multipart/"):
        raise RocketError("INVALID_PAYLOAD", "The upload must be multipart/form-data")
    parts = 0
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.name == "file":
            return part
        parts += 1
        if parts > MAX_PARTS:
            break
    raise RocketError("INVALID_PAYLOAD", "The upload has no part named file")


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(CHUNK):
        yield bytes(chunk)


def _mime_type(part: BodyPartReader, filename: str) -> str:
    sent = part.headers.get("Content-Type", "").partition(";")[0].strip()
    if MIME.fullmatch(sent):
        return sent
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"
