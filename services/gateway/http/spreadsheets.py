"""Exports as workbooks: the rows are pulled from data, written to a file in a thread, and the file is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial

from aiohttp import web

from libs.shared.contracts.records import Exported
from libs.shared.errors import unavailable
from services.gateway.files.workbook_writer import WorkbookWriter

MAX_WORKBOOKS = 2
"""Workbooks that a gateway writes at once: each takes a processor and a temporary file."""
CHUNK_BYTES = 256 * 1024
WRITE_TIMEOUT_S = 60.0
"""Seconds for a client to take a chunk."""

_places = asyncio.Semaphore(MAX_WORKBOOKS)


async def send_workbook(
    request: web.Request, exported: Exported, headers: dict[str, str], chunks: AsyncGenerator[bytes, None]
) -> web.StreamResponse:
    """The response with a workbook. Whatever fails before it is complete is an ordinary error.

    Raises PAYLOAD_TOO_LARGE for more rows than a sheet has, SERVICE_UNAVAILABLE while others are being written.
    """
    if _places.locked():
        raise unavailable("export to workbooks")
    title = exported.filename.removesuffix(".xlsx")
    async with _places:
        writer = await asyncio.to_thread(WorkbookWriter, title, exported.columns)
        try:
            async for lines in _whole_lines(chunks):
                await asyncio.to_thread(writer.write, lines)
            size = await asyncio.to_thread(writer.close)
            response = web.StreamResponse(headers={**headers, "Content-Length": str(size)})
            await response.prepare(request)
            await _send_file(request, response, writer)
        finally:
            await asyncio.shield(asyncio.to_thread(writer.remove))
    return response


async def _whole_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


async def _send_file(request: web.Request, response: web.StreamResponse, writer: WorkbookWriter) -> None:
    try:
        with await asyncio.to_thread(writer.path.open, "rb") as file:
            while chunk := await asyncio.to_thread(partial(file.read, CHUNK_BYTES)):
                await asyncio.wait_for(response.write(chunk), WRITE_TIMEOUT_S)
        await response.write_eof()
    except Exception:
        # Half a file must not look like a whole one.
        if request.transport is not None:
            request.transport.abort()
        raise asyncio.CancelledError from None
