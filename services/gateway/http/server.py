"""The HTTP server: traces every request, authenticates it, calls its handler and maps its errors."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import structlog
from aiohttp import web

from libs.shared.bus.rpc.failures import as_rocket_error
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError
from libs.shared.telemetry import tracing
from services.gateway.http import authentication
from services.gateway.http.aiohttp_internals import HttpRequest, request_factory
from services.gateway.http.connections import LINGER_S, LimitedServer, refused, unanswerable
from services.gateway.http.cors import Cors, is_preflight
from services.gateway.http.handlers import handler_of
from services.gateway.http.origins import OriginCache
from services.gateway.http.request_metrics import observer, template_of
from services.gateway.http.response_headers import header_hook
from services.gateway.http.single_headers import DoubledHeader, refuse_doubled
from services.gateway.routing.route import Handler, Route
from services.gateway.routing.router import Router
from services.gateway.state import State

log = structlog.get_logger()

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]

DRAIN_S = 4.0
"""Seconds for requests under way when the server stops."""
JSON = "application/json"
DENIALS = {"UNAUTHORIZED": ("sessions", "auth.denied"), "FORBIDDEN": ("permissions", "permission.denied")}
"""What the trace calls a refusal of the caller, by its code: component and action."""
MAX_PATH_CHARACTERS = 1_000
"""Characters of a path that a span keeps: a batch of spans must fit into a message."""


@contextlib.asynccontextmanager
async def listening(state: State, routes: Sequence[Route]) -> AsyncIterator[None]:
    """Run the server for the length of the block."""
    limits = state.settings
    cors = Cors(limits.cors_origins, OriginCache(state).of_app)
    server = LimitedServer(
        _dispatcher(state, routes, cors),
        request_factory=request_factory(header_hook(limits, cors)),
        settings=limits,
        proxies=state.proxies,
        access_log=None,
        keepalive_timeout=limits.idle_timeout,
        lingering_time=LINGER_S,
        max_line_size=limits.max_url_bytes,
        max_field_size=limits.max_header_bytes,
        max_headers=limits.max_headers,
    )
    runner = web.ServerRunner(server, shutdown_timeout=DRAIN_S)
    await runner.setup()
    watching = asyncio.create_task(server.watch())
    try:
        await web.TCPSite(runner, limits.http_host, limits.http_port).start()
        log.info("http.listening", host=limits.http_host, port=limits.http_port)
        yield
    finally:
        watching.cancel()
        await runner.cleanup()


def _dispatcher(
    state: State, routes: Sequence[Route], cors: Cors
) -> Callable[[HttpRequest], Awaitable[web.StreamResponse]]:
    """Answers all requests, by the routing table."""
    router: Router[Handle] = Router()
    for route in routes:
        router.add(route.method, route.path, _handler(state, route))
    unrouted = _unrouted(router, cors)

    async def dispatch(request: HttpRequest) -> web.StreamResponse:
        try:
            refuse_doubled(request)
            if "Expect" in request.headers:
                await request.send_continue()
            found = router.find(request.method, request.rel_url.path_safe)
            if found is None:
                return await unrouted(request)
            handle, request.match_info = found
            return await handle(request)
        except web.HTTPException as refusal:
            return unanswerable(refusal)
        except DoubledHeader as doubled:
            return refused(doubled.error)

    return dispatch


def _handler(state: State, route: Route) -> Handle:
    handler = handler_of(route.target)
    template = template_of(route.path)
    observe = observer(template)

    async def handle(request: web.Request) -> web.StreamResponse:
        context = authentication.begin_request(state, request)
        with tracing.remote(context), tracing.span("http", "handler", "request.end") as span:
            response, context = await _respond(state, request, route, handler, context)
            span.context = context
            span.metadata = {
                "method": request.method,
                "path": request.path[:MAX_PATH_CHARACTERS],
                "route": template,
                "status_code": response.status,
            }
            if context.identity is not None and context.identity.viewer is not None:
                span.metadata["view_as"] = context.identity.viewer.id
            span.status = "error" if response.status >= 400 else "ok"
        observe(response.status, span.duration_ns)
        return response

    return handle


async def _respond(
    state: State, request: web.Request, route: Route, handler: Handler, context: Context
) -> tuple[web.StreamResponse, Context]:
    try:
        context = await authentication.authenticate(
            state, request, context, route.access, route.area, bool(route.reads)
        )
        route.check(request)
        outcome = await handler(state, request, context)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        refusal = as_rocket_error(error, f"{request.method} {route.path}")
        context = _note_refusal(refusal, context, request)
        outcome = error_answer(refusal)
    if isinstance(outcome, Response):
        response: web.StreamResponse = web.Response(
            status=outcome.status, body=outcome.body, headers=_headers(outcome, context)
        )
        if request.content.exception() is not None:
            # What follows a body that could not be read is no request, so the connection is closed.
            response.force_close()
        return response, context
    return outcome, context


def _note_refusal(error: RocketError, context: Context, request: web.Request) -> Context:
    """Note in the trace that the caller was denied. Returns the context as far as the caller has become known."""
    known = context if context.identity is not None else tracing.current() or context
    if denied := DENIALS.get(error.code):
        reason = next((detail["rule"] for detail in error.details if detail.get("rule")), error.code.lower())
        tracing.note("auth", *denied, request.match_info.get("entity"), status="error", reason=reason)
    return known


def _headers(answer: Response, context: Context) -> dict[str, str]:
    headers = {"X-Trace-ID": context.trace_id, **answer.headers}
    if answer.status != 304:
        headers.setdefault("Content-Type", JSON)
    return headers


def error_answer(error: RocketError) -> Response:
    """The one mapping of errors to HTTP."""
    return Response(error.status, error.envelope(), error.headers)


def _unrouted(router: Router[Handle], cors: Cors) -> Handle:
    """Unrouted requests: answer CORS preflights, otherwise 404 or 405."""

    async def handle(request: web.Request) -> web.StreamResponse:
        error = RocketError("NOT_FOUND", "There is nothing here")
        allowed = router.allowed(request.rel_url.path_safe)
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
