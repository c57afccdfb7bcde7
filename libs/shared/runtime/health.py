"""The health of a service: over NATS for the gateway's `/readyz`, over HTTP for probes and Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from aiohttp import web

from libs.shared.bus.standstills import standing_still
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Request
from libs.shared.contracts.operations import CheckReadiness, Readiness, of
from libs.shared.runtime.process_metrics import health_samples, process_samples
from libs.shared.runtime.service import Core
from libs.shared.telemetry.metrics import CONTENT_TYPE, render

T = TypeVar("T")

SERVER = "Rocket"
"""The `Server` header of responses; aiohttp's default reveals its name and version."""
CHECK_TIMEOUT_S = 1.0
"""Seconds that the check of a dependency may take."""

Lags = Mapping[str, Callable[[], Awaitable[int]]]
"""What can lag behind: name → how many messages or commits are not done yet."""
Consumers = Mapping[str, Callable[[], Awaitable[tuple[int, int]]]]
"""Consumers of streams: name → the sequence up to which everything is handled, and how many messages follow."""


async def readiness(core: Core, lags: Lags, consumers: Consumers) -> Readiness:
    """Check each dependency, the progress of consumers, and the lags of consumers and relays."""
    checks = {
        "nats": "ok" if core.connection.connected else "not connected",
        "database": await _check_database(core),
    }
    lag: dict[str, int] = {}
    position: dict[str, int] = {}
    for name, look in consumers.items():
        if found := await _in_time(name, look, checks):
            position[name], lag[name] = found
    for name, count in lags.items():
        if (behind := await _in_time(name, count, checks)) is not None:
            lag[name] = behind
    ready = all(value == "ok" for value in checks.values())
    # Other servers are shown but do not affect readiness, because apps on available servers can be served.
    for server in core.databases.servers:
        checks[f"database {server}"] = await _check_database(core, server)
    return Readiness(ready, checks, lag, position, await _degraded(core))


async def _degraded(core: Core) -> list[dict[str, str]]:
    """The standstills of this service; none if the platform database is unavailable."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await standing_still(core.databases.platform, core.name)
    except Exception:
        return []  # the checks report that it is unavailable


async def _in_time(name: str, look: Callable[[], Awaitable[T]], checks: dict[str, str]) -> T | None:
    """Return the result of a check, or None, with an entry in `checks`, if it fails or takes too long."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            found = await look()
    except Exception as error:
        checks[name] = f"no answer: {type(error).__name__}"
        return None
    checks[name] = "ok"
    return found


async def _check_database(core: Core, server: str = "") -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await core.databases.maintenance(server).fetchval("SELECT 1")
    except Exception as error:
        return f"not reachable: {type(error).__name__}"
    return "ok"


def endpoints(core: Core, lags: Lags, consumers: Consumers) -> dict[type[Request[Any]], Any]:
    """The readiness endpoint for other services."""

    async def check(_: Context, __: CheckReadiness) -> Readiness:
        return await readiness(core, lags, consumers)

    return {of(core.name, CheckReadiness): check}


async def serve(core: Core, lags: Lags, consumers: Consumers) -> None:
    """Serve `/healthz`, `/readyz` and `/metrics` until cancelled."""

    async def alive(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def ready(_: web.Request) -> web.Response:
        state = await readiness(core, lags, consumers)
        body = {"ready": state.ready, "checks": state.checks, "lag": state.lag, "position": state.position,
                "degraded": state.degraded}  # fmt: skip
        return web.json_response(body, status=200 if state.ready else 503)

    async def metrics(_: web.Request) -> web.Response:
        state = await readiness(core, lags, consumers)
        own = [*health_samples(state), *await process_samples(core)]
        return web.Response(text=render([(core.name, own)]), headers={"Content-Type": CONTENT_TYPE})

    async def name(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Server"] = SERVER

    application = web.Application()
    application.on_response_prepare.append(name)
    application.add_routes([web.get("/healthz", alive), web.get("/readyz", ready), web.get("/metrics", metrics)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, core.settings.http_host, core.settings.http_port).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
