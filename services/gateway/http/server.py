"""The aiohttp server: every request is traced, limited, answered, and its errors mapped, in one place."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from aiohttp import web

from libs.shared.bus.rpc.client import as_rocket_error
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError
from libs.shared.telemetry import tracing
from services.gateway.http import authentication
from services.gateway.http.aiohttp_internals import HttpRequest, factory
from services.gateway.http.connections import LINGER, ConnectionServer, refused, unanswerable
from services.gateway.http.cors import Cors, is_preflight
from services.gateway.http.forwarding import forwarder
from services.gateway.http.origins import Origins
from services.gateway.http.response_headers import header_hook
from services.gateway.http.single_headers import DoubledHeader, refuse_doubled
from services.gateway.routes import ROUTES, Call, Local, Route
from services.gateway.routing.router import Router
from services.gateway.state import State

log = structlog.get_logger()

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]

SHUTDOWN = 4.0
"""Seconds for requests under way when the server stops."""
JSON = "application/json"
LONGEST_PATH = 1_000
"""Characters of a path that a span keeps: a batch of spans must fit into a message."""


@contextlib.asynccontextmanager
async def listening(state: State) -> AsyncIterator[None]:
    """The server, up for the length of the block."""
    limits = state.settings
    cors = Cors(limits.cors_origins, Origins(state).of_app)
    server = ConnectionServer(
        _dispatcher(state, cors),
        request_factory=factory(header_hook(limits, cors)),
        settings=limits,
        proxies=state.proxies,
        access_log=None,
        keepalive_timeout=limits.idle_timeout,
        lingering_time=LINGER,
        max_line_size=limits.max_url_bytes,
        max_field_size=limits.max_header_bytes,
        max_headers=limits.max_headers,
    )
    runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN)
    await runner.setup()
    watching = asyncio.create_task(server.watch())
    try:
        await web.TCPSite(runner, limits.http_host, limits.http_port).start()
        log.info("http.listening", host=limits.http_host, port=limits.http_port)
        yield
    finally:
        watching.cancel()
        await runner.cleanup()


def _dispatcher(state: State, cors: Cors) -> Callable[[HttpRequest], Awaitable[web.StreamResponse]]:
    """What answers all requests, by the routing table."""
    table: Router[Handle] = Router()
    for route in ROUTES:
        table.add(route.method, route.path, _handler(state, route))
    unmatched = _unmatched(table, cors)

    async def dispatch(request: HttpRequest) -> web.StreamResponse:
        try:
            refuse_doubled(request)
            if "Expect" in request.headers:
                await request.welcome()
            found = table.find(request.method, request.rel_url.path_safe)
            if found is None:
                return await unmatched(request)
            handle, request.match_info = found
            return await handle(request)
        except web.HTTPException as refusal:
            return unanswerable(refusal)
        except DoubledHeader as doubled:
            return refused(doubled.error)

    return dispatch


def _handler(state: State, route: Route) -> Handle:
    call = route.target.call if isinstance(route.target, Local) else forwarder(route.target)

    async def handle(request: web.Request) -> web.StreamResponse:
        context = authentication.begin_request(state, request)
        with tracing.remote(context), tracing.span("http", "handler", "request.end") as span:
            response, context = await _respond(state, request, route, call, context)
            span.context = context
            span.metadata = {
                "method": request.method,
                "path": request.path[:LONGEST_PATH],
                "status_code": response.status,
            }
            span.status = "error" if response.status >= 400 else "ok"
            return response

    return handle


async def _respond(
    state: State, request: web.Request, route: Route, call: Call, context: Context
) -> tuple[web.StreamResponse, Context]:
    try:
        context = await authentication.authenticate(state, request, context, route.access, route.area)
        route.check(request)
        outcome = await call(state, request, context)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        outcome = error_answer(as_rocket_error(error, f"{request.method} {route.path}"))
    if isinstance(outcome, Response):
        response: web.StreamResponse = web.Response(
            status=outcome.status, body=outcome.body, headers=_headers(outcome, context)
        )
        if request.content.exception() is not None:
            # What follows a body that could not be read is no request: the client is told not to send one.
            response.force_close()
        return response, context
    return outcome, context


def _headers(answer: Response, context: Context) -> dict[str, str]:
    headers = {"X-Trace-ID": context.trace_id, **answer.headers}
    if answer.status != 304:
        headers.setdefault("Content-Type", JSON)
    return headers


def error_answer(error: RocketError) -> Response:
    """The one mapping of errors to HTTP."""
    return Response(error.status, error.envelope(), error.headers)


def _unmatched(table: Router[Handle], cors: Cors) -> Handle:
    """What matches no route: browsers that ask whether they may ask; all else is refused like everything is."""

    async def handle(request: web.Request) -> web.StreamResponse:
        error = RocketError("NOT_FOUND", "There is nothing here")
        allowed = table.allowed(request.rel_url.path_safe)
        if allowed and is_preflight(request):
            try:
                return await cors.preflight(request, allowed)
            except RocketError as refusal:
                error = refusal
        elif allowed:
            error = RocketError("METHOD_NOT_ALLOWED", f"{request.method} is not possible here")
            error.headers["Allow"] = ", ".join(sorted(allowed))
        return web.Response(status=error.status, body=error.envelope(), headers={**error.headers, "Content-Type": JSON})

    return handle
