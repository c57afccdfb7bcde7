"""The aiohttp server: every request is traced, limited, answered, and its errors mapped, in one place."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import structlog
from aiohttp import web

from libs.shared.bus.asking import as_rocket_error
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer
from libs.shared.errors import RocketError
from libs.shared.telemetry import tracing
from services.gateway.http import door
from services.gateway.http.forwarding import forward
from services.gateway.routes import ROUTES, Local, Route
from services.gateway.state import State

log = structlog.get_logger()

SHUTDOWN = 4.0
"""Seconds for requests under way when the server stops."""
JSON = "application/json"


@contextlib.asynccontextmanager
async def listening(state: State) -> AsyncIterator[None]:
    """The server, up for the length of the block."""
    runner = web.AppRunner(application(state), access_log=None, shutdown_timeout=SHUTDOWN)
    await runner.setup()
    try:
        await web.TCPSite(runner, state.settings.http_host, state.settings.http_port).start()
        log.info("http.listening", host=state.settings.http_host, port=state.settings.http_port)
        yield
    finally:
        await runner.cleanup()


def application(state: State) -> web.Application:
    """The routing table as an aiohttp application."""
    app = web.Application(middlewares=[_unmatched])
    for route in ROUTES:
        app.router.add_route(route.method, route.path, _handler(state, route))
    return app


def _handler(state: State, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        context = door.begin(state, request)
        with tracing.remote(context), tracing.span("http", "handler", "request.end") as span:
            response, context = await _respond(state, request, route, context)
            span.context = replace(context, span_id="0" * 16)
            span.metadata.update(method=request.method, path=request.path, status_code=response.status)
            span.status = "error" if response.status >= 400 else "ok"
            return response

    return handle


async def _respond(
    state: State, request: web.Request, route: Route, context: Context
) -> tuple[web.StreamResponse, Context]:
    try:
        context = await door.enter(state, request, context, route.access)
        if isinstance(route.target, Local):
            outcome = await route.target.call(state, request, context)
        else:
            outcome = await forward(state, request, context, route.target)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        outcome = error_answer(as_rocket_error(error, f"{request.method} {route.path}"))
    if isinstance(outcome, Answer):
        response: web.StreamResponse = web.Response(
            status=outcome.status, body=outcome.body, headers=_headers(outcome, context)
        )
        return response, context
    return outcome, context


def _headers(answer: Answer, context: Context) -> dict[str, str]:
    headers = {"X-Trace-ID": context.trace_id, "X-Content-Type-Options": "nosniff", **answer.headers}
    if answer.status != 304:
        headers.setdefault("Content-Type", JSON)
    return headers


def error_answer(error: RocketError) -> Answer:
    """The one mapping of errors to HTTP."""
    return Answer(error.status, error.envelope(), error.headers)


@web.middleware
async def _unmatched(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What matches no route is refused in the same envelope as everything else."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as refusal:
        error = RocketError("METHOD_NOT_ALLOWED", f"{request.method} is not possible here")
        error.headers["Allow"] = ", ".join(sorted(refusal.allowed_methods))
    except web.HTTPNotFound:
        error = RocketError("NOT_FOUND", "There is nothing here")
    except web.HTTPRequestEntityTooLarge:
        error = RocketError("PAYLOAD_TOO_LARGE", "The request is too large")
    return web.Response(status=error.status, body=error.envelope(), headers={**error.headers, "Content-Type": JSON})
