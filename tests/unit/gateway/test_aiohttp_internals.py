"""What the gateway uses of aiohttp's private interface, held against the installed library."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong

from libs.shared.testing.polling import eventually
from services.gateway.http.aiohttp_internals import (
    CONTINUE,
    TOO_MANY_HEADERS,
    ConnectionServer,
    HttpRequest,
    ServerConnection,
    request_factory,
)

MAX_HEADERS, MAX_LINE = 5, 300


class RecordingConnection(ServerConnection):
    """A connection that keeps what aiohttp reports of malformed requests."""

    __slots__ = ()
    refused: list[BaseException | None] = []  # noqa: RUF012  shared by all connections of a test

    def handle_error(self, request: web.BaseRequest, *args: Any, **kwargs: Any) -> web.StreamResponse:
        self.refused.append(kwargs.get("exc") or next((a for a in args if isinstance(a, BaseException)), None))
        return web.Response(status=400)


class RecordingServer(ConnectionServer):
    """A server with such connections."""

    connection_class = RecordingConnection


async def add_header(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Added"] = request.path


@asynccontextmanager
async def serving(handler: Any) -> AsyncIterator[tuple[RecordingServer, int]]:
    """A server on a free port, and that port."""
    RecordingConnection.refused.clear()
    server = RecordingServer(
        handler,
        request_factory=request_factory(add_header),
        access_log=None,
        max_headers=MAX_HEADERS,
        max_line_size=MAX_LINE,
    )
    runner = web.ServerRunner(server)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield server, runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def answered(port: int, head: bytes) -> bytes:
    """What a server answers to a request that is sent as it is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    async with asyncio.timeout(5):
        data = await reader.read()
    writer.close()
    return data


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", "Connection: close", *headers, "", ""]).encode()


async def test_headers_are_added_before_the_head_of_plain_and_streamed_responses() -> None:
    async def handler(request: HttpRequest) -> web.StreamResponse:
        if request.path == "/plain":
            return web.Response(text="ok")
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"part")
        await response.write_eof()
        return response

    async with serving(handler) as (_, port):
        for path in ("/plain", "/streamed"):
            assert f"X-Added: {path}\r\n".encode() in await answered(port, get(path))


async def test_a_request_holds_the_variables_of_its_path() -> None:
    async def handler(request: HttpRequest) -> web.StreamResponse:
        request.match_info = {"name": "value"}
        return web.Response(text=request.match_info["name"])

    async with serving(handler) as (_, port):
        assert (await answered(port, get("/"))).endswith(b"value")


async def test_a_server_knows_its_connections_and_a_connection_its_requests_and_server() -> None:
    seen: list[tuple[int, int, bool]] = []

    async def handler(request: HttpRequest) -> web.StreamResponse:
        connection: Any = request.protocol
        seen.append((server.open_connections, connection.requests_begun, connection.server is server))
        return web.Response()

    async with serving(handler) as (server, port):
        await answered(port, get("/"))
        assert seen == [(1, 1, True)]


async def test_a_connection_without_a_request_has_begun_none_and_can_call_later() -> None:
    called = asyncio.Event()
    begun: list[int] = []

    class Timed(RecordingConnection):
        __slots__ = ()

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.call_later(0.01, called.set)
            begun.append(self.requests_begun)

    async def handler(request: HttpRequest) -> web.StreamResponse:
        return web.Response()

    async with serving(handler) as (server, port):
        server.connection_class = Timed
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(5):
            await called.wait()
        writer.close()
    assert begun == [0]


async def test_a_lost_connection_has_no_server() -> None:
    connections: list[Any] = []

    async def handler(request: HttpRequest) -> web.StreamResponse:
        connections.append(request.protocol)
        return web.Response()

    async with serving(handler) as (_, port):
        await answered(port, get("/"))

        async def lost() -> bool:
            return connections[0].server is None

        await eventually(lost)


async def test_continue_is_sent_before_the_answer() -> None:
    async def handler(request: HttpRequest) -> web.StreamResponse:
        await request.send_continue()
        return web.Response(text="ok")

    async with serving(handler) as (_, port):
        data = await answered(port, get("/", "Expect: 100-continue"))
    assert data.startswith(CONTINUE + b"HTTP/1.1 200 OK\r\n") and data.endswith(b"ok")


async def test_limits_of_headers_are_reported_as_the_gateway_reads_them() -> None:
    async def handler(request: HttpRequest) -> web.StreamResponse:
        return web.Response()

    async with serving(handler) as (_, port):
        await answered(port, get("/", *(f"X-{number}: 1" for number in range(MAX_HEADERS + 1))))
        await answered(port, get("/" + "a" * (MAX_LINE + 1)))
    too_many, too_long = RecordingConnection.refused
    assert isinstance(too_many, BadHttpMessage) and too_many.args[:1] == (TOO_MANY_HEADERS,)
    assert isinstance(too_long, LineTooLong) and too_long.args[1] == MAX_LINE


@pytest.mark.parametrize("name", ["_prepare_hook", "match_info"])
def test_what_requests_replace_is_there(name: str) -> None:
    assert hasattr(web.Request, name)


def test_error_handling_takes_the_arguments_that_are_overridden() -> None:
    assert list(inspect.signature(web.RequestHandler.handle_error).parameters) == [
        "self", "request", "status", "exc", "message",
    ]  # fmt: skip
