"""Import jobs: their files are streamed to storage, looked at, and handed to data as jobs for the worker."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from libs.shared import exact
from libs.shared.bodies import read_object, validate
from libs.shared.bus.rpc.streaming import pulled
from libs.shared.contracts import imports as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError
from libs.shared.ids import uuid7
from libs.shared.parameters import taking
from libs.shared.telemetry import tracing
from services.gateway.files.naming import content_disposition, safe_name
from services.gateway.files.storage import CHUNK_BYTES, too_large
from services.gateway.http.bodies import UNREADABLE
from services.gateway.http.exports import send_pulled
from services.gateway.http.forwarding import forwarder
from services.gateway.http.idempotency_key import with_idempotency_key
from services.gateway.http.uploads import DISCONNECTED, MALFORMED, MAX_ENVELOPE_BYTES
from services.gateway.imports.json_rows import as_list
from services.gateway.imports.opening import Utf8Check, found_out, open_file
from services.gateway.imports.parsed_rows import SAMPLE_ROWS, unreadable
from services.gateway.state import State

MAX_OPTION_BYTES = 256 * 1024
"""Bytes of one option; a mapping of a thousand columns fits."""
PREVIEW = "preview"
PARAMETERS = taking(*contracts.OPTIONS, PREVIEW)


@dataclass(slots=True)
class _Sent:
    """What a request has brought: the stored file, and the options as they were sent."""

    filename: str = ""
    content_type: str = ""
    size: int = 0
    check: Utf8Check = field(default_factory=Utf8Check)
    digest: Any = field(default_factory=hashlib.sha256)
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A stored file that was looked into."""

    options: contracts.ImportOptions
    is_preview: bool
    columns: list[str]
    sample: list[dict[str, Any]]


async def import_file(state: State, request: web.Request, context: Context) -> Response:
    """Import a file of rows as a job, with the options as query parameters or parts; `preview` only looks at it."""
    entity, file_id = request.match_info["entity"], str(uuid7())
    await state.sweeper.arm(context.the_app)
    await state.core.rpc.request(contracts.CheckImport(entity, file_id), context)
    try:
        with tracing.span("storage", "files", "file.upload", entity) as span:
            sent = await _receive(state, request, context, file_id)
            span.metadata["size"] = sent.size
        prepared = await _prepare(state, context, file_id, sent)
        if prepared.is_preview:
            response = await _preview(state, _anew(state, context), entity, sent, prepared)
            await state.sweeper.discard(_anew(state, context), file_id)
            return response
    except BaseException:
        await asyncio.shield(state.sweeper.discard(_anew(state, context), file_id))
        raise
    return await _create(state, request, _anew(state, context), file_id, sent, prepared)


async def _prepare(state: State, context: Context, file_id: str, sent: _Sent) -> _Prepared:
    options, is_preview = _options(sent.options)
    options = found_out(options, sent.filename, sent.content_type, sent.check)
    columns, sample = await asyncio.to_thread(_look_into, state, context.the_app.id, file_id, options)
    return _Prepared(options, is_preview, columns, sample)


async def _preview(state: State, context: Context, entity: str, sent: _Sent, prepared: _Prepared) -> Response:
    said = {name: getattr(prepared.options, name) for name in ("format", "delimiter", "encoding", "header")}
    preview = {
        "filename": sent.filename,
        "size": sent.size,
        **said,
        "columns": prepared.columns,
        "rows": prepared.sample,
    }
    request = contracts.PreviewImport(entity, prepared.columns, exact.dumps(preview))
    return await state.core.rpc.request(request, context)


async def _create(
    state: State, request: web.Request, context: Context, file_id: str, sent: _Sent, prepared: _Prepared
) -> Response:
    entity, options = request.match_info["entity"], exact.document(prepared.options)
    body = sent.digest.digest() + exact.canonical(sent.options)
    await state.imports.arm(context.the_app)
    job = contracts.CreateImport(entity, str(uuid7()), file_id, sent.filename, sent.size, prepared.columns, options)
    try:
        response = await state.core.rpc.request(job, with_idempotency_key(request, context, body))
    except RocketError as error:
        # Without an answer there may be a job or not; then the sweeper, which can tell, has the last word.
        if not error.transient:
            await state.sweeper.discard(context, file_id)
        raise
    if "Idempotency-Replayed" in response.headers:
        await state.sweeper.discard(context, file_id)
    state.imports.wake(context.the_app)
    return response


def _anew(state: State, context: Context) -> Context:
    """The time for the upload is not the time for the request: that begins when the bytes have arrived."""
    return context._replace(deadline=0.0).within(state.settings.request_timeout)


def _look_into(
    state: State, app_id: str, file_id: str, options: contracts.ImportOptions
) -> tuple[list[str], list[dict[str, Any]]]:
    """The columns and first rows of a file, in a thread. Raises VALIDATION_FAILED for what can't be read."""
    opened = open_file(state.storage.open(app_id, file_id), options)
    sample = []
    for row in opened.rows:
        values = dict(zip(opened.columns, as_list(opened.columns, row.cells), strict=False))
        sample.append({"row": row.number, "values": values, **({"problem": row.problem} if row.problem else {})})
        if len(sample) == SAMPLE_ROWS:
            break
    if not sample:
        raise unreadable("The file holds no rows")
    return opened.columns, sample


async def _receive(state: State, request: web.Request, context: Context, file_id: str) -> _Sent:
    limit = state.settings.import_max_bytes
    if (request.content_length or 0) > limit + MAX_ENVELOPE_BYTES:
        raise too_large(limit)
    sent = _Sent(options=_from_query(request))
    try:
        async with asyncio.timeout(state.settings.upload_timeout):
            if request.content_type.startswith("multipart/"):
                await _receive_parts(state, request, context, file_id, sent)
            else:
                sent.content_type = request.headers.get("Content-Type", "")
                chunks = request.content.iter_chunked(CHUNK_BYTES)
                await _store(state, context, file_id, sent, chunks)
    except TimeoutError:
        raise RocketError("TIMEOUT", "The file did not arrive in time", headers={"Connection": "close"}) from None
    except (*UNREADABLE, *MALFORMED, *DISCONNECTED) as error:
        if isinstance(error, RocketError):
            raise
        raise RocketError("INVALID_PAYLOAD", "The body can't be read, or is no valid multipart/form-data") from None
    if not sent.size:
        raise RocketError("INVALID_PAYLOAD", "There is no file, or it is empty")
    return sent


async def _receive_parts(state: State, request: web.Request, context: Context, file_id: str, sent: _Sent) -> None:
    parts, has_file = await request.multipart(), False
    while (part := await parts.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise RocketError("INVALID_PAYLOAD", "Parts must not have parts of their own")
        if part.name == "file" and not has_file:
            has_file = True
            sent.filename, sent.content_type = safe_name(part.filename or ""), part.headers.get("Content-Type", "")
            await _store(state, context, file_id, sent, _chunks(part))
        else:
            await _take_option(part, sent)


async def _take_option(part: BodyPartReader, sent: _Sent) -> None:
    name = part.name or ""
    if name in sent.options or name == "file":
        raise RocketError("INVALID_PAYLOAD", f"{name} is given twice")
    PARAMETERS.check_names([name])
    text = b""
    async for chunk in _chunks(part):
        text += chunk
        if len(text) > MAX_OPTION_BYTES:
            raise RocketError("INVALID_PAYLOAD", f"{name} has more than {MAX_OPTION_BYTES} bytes")
    sent.options[name] = text.decode("utf-8", "replace").strip()


async def _store(state: State, context: Context, file_id: str, sent: _Sent, chunks: AsyncIterator[bytes]) -> None:
    async def looked_at() -> AsyncIterator[bytes]:
        async for chunk in chunks:
            sent.check.look(chunk)
            sent.digest.update(chunk)
            yield chunk
        sent.check.end()

    limit = state.settings.import_max_bytes
    sent.size = await state.storage.put(context.the_app.id, file_id, looked_at(), limit)


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(CHUNK_BYTES):
        yield bytes(chunk)


def _from_query(request: web.Request) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in request.query.items():
        if name in options:
            raise RocketError("INVALID_PAYLOAD", f"{name} is given twice")
        options[name] = value
    return options


def _options(sent: dict[str, str]) -> tuple[contracts.ImportOptions, bool]:
    """The options as they were meant, and whether only a preview is wanted. Raises INVALID_PAYLOAD."""
    values: dict[str, Any] = {name: value for name, value in sent.items() if value != "" or name == "encoding"}
    for name in ("dry_run", "header", PREVIEW):
        if name in values:
            if values[name] not in ("true", "false"):
                raise RocketError("INVALID_PAYLOAD", f"{name} must be true or false")
            values[name] = values[name] == "true"
    if "mapping" in values:
        values["mapping"] = read_object(values["mapping"].encode())
    is_preview = bool(values.pop(PREVIEW, False))
    return validate(contracts.ImportOptions, values), is_preview


def waking(contract: type[Any]) -> Any:
    """A handler that forwards a contract after which a job is due, and wakes the worker."""
    forward = forwarder(contract)

    async def forward_and_wake(state: State, request: web.Request, context: Context) -> Response:
        await state.imports.arm(context.the_app)
        response = await forward(state, request, context)
        state.imports.wake(context.the_app)
        return response

    forward_and_wake.__doc__, forward_and_wake.__name__ = contract.__doc__, contract.__name__
    return forward_and_wake


async def refused_rows(state: State, request: web.Request, context: Context) -> Response | web.StreamResponse:
    """The refused rows of an import as CSV, to be corrected and imported again; `format=json` pages through them."""
    path = request.match_info
    wanted = contracts.ListRefusedRows(path["entity"], path["id"], list(request.query.items()))
    found = await state.core.rpc.request(wanted, context)
    if not found.subject:
        return Response(body=found.body)
    headers = {
        "X-Trace-ID": context.trace_id,
        "Content-Type": "text/csv; charset=utf-8; header=present",
        "Content-Disposition": content_disposition(found.filename),
    }
    async with contextlib.aclosing(pulled(state.core.connection, found.subject)) as chunks:
        return await send_pulled(request, headers, chunks)
