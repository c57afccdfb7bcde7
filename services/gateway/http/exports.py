"""Exports: pulled from data and written to the socket, chunk by chunk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from aiohttp import web

from libs.shared.bus.rpc.streaming import pulled
from libs.shared.contracts import records as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.events import ExportAuditLogs
from libs.shared.contracts.messages import Request
from services.gateway.files.naming import content_disposition
from services.gateway.http.spreadsheets import send_workbook
from services.gateway.state import State

WRITE_TIMEOUT_S = 60.0
"""Seconds for a client to take a chunk."""


async def export(state: State, request: web.Request, context: Context) -> web.StreamResponse:
    """All records of a list as a file (csv, json, ndjson, xlsx), with a list's filters, sort, fields and includes.

    A failure on the way cuts the connection, so that half an export never looks like a whole one.
    """
    wanted = contracts.ExportRecords(request.match_info["entity"], list(request.query.items()))
    return await _send_export(state, request, context, wanted)


async def export_audit(state: State, request: web.Request, context: Context) -> web.StreamResponse:
    """All rows of the audit log that match, as a file (csv, json, ndjson, xlsx)."""
    return await _send_export(state, request, context, ExportAuditLogs(list(request.query.items())))


async def _send_export(
    state: State, request: web.Request, context: Context, rpc_request: Request[contracts.Exported]
) -> web.StreamResponse:
    exported = await state.core.rpc.request(rpc_request, context)
    headers = {
        "X-Trace-ID": context.trace_id,
        "Content-Type": exported.content_type,
        "Content-Disposition": content_disposition(exported.filename),
    }
    async with contextlib.aclosing(pulled(state.core.connection, exported.subject)) as chunks:
        if exported.columns:
            return await send_workbook(request, exported, headers, chunks)
        return await send_pulled(request, headers, chunks)


async def send_pulled(
    request: web.Request, headers: dict[str, str], chunks: AsyncGenerator[bytes, None]
) -> web.StreamResponse:
    """The response with these chunks. The first one comes before anything is sent, so what fails until then is an
    ordinary error; a later failure cuts the connection."""
    first = await anext(chunks, b"")
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    await _send(request, response, first, chunks)
    return response


async def _send(
    request: web.Request, response: web.StreamResponse, first: bytes, chunks: AsyncGenerator[bytes, None]
) -> None:
    try:
        await asyncio.wait_for(response.write(first), WRITE_TIMEOUT_S)
        async for chunk in chunks:
            await asyncio.wait_for(response.write(chunk), WRITE_TIMEOUT_S)
        await response.write_eof()
    except Exception:
        if request.transport is not None:
            request.transport.abort()
        raise asyncio.CancelledError from None
