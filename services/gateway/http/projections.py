"""What has been made of an app's log: how far it is, and whether it is what the log says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from libs.shared.contracts.commits import RepairBody, RepairLog
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Request, Response
from libs.shared.contracts.operations import PROJECTIONS, GetReplay, ListProjections, ReplayBody, StartReplay, of
from libs.shared.errors import RocketError, not_found
from services.gateway.state import State


async def projections(state: State, request: web.Request, context: Context) -> Response:
    """All projections of the log: position, lag, hash; unreachable services are named under `unavailable`."""
    services = sorted(set(PROJECTIONS.values()))
    answers = await asyncio.gather(*(_listed(state, context, service) for service in services))
    found = {row["name"]: row for rows in answers if rows is not None for row in rows}
    away = [service for service, rows in zip(services, answers, strict=True) if rows is None]
    rows = [found[name] for name in PROJECTIONS if name in found]
    return Response(body=orjson.dumps({"data": rows, "meta": {"total": len(rows), "unavailable": away}}))


async def verify(state: State, request: web.Request, context: Context, body: ReplayBody) -> Response:
    """Compare a projection with the log, in the background; `only` limits it to one entity or join table."""
    return await _start(state, request, context, "verify", body)


async def rebuild(state: State, request: web.Request, context: Context, body: ReplayBody) -> Response:
    """Rebuild a projection from the log, in the background; `only` limits it to one entity or join table."""
    return await _start(state, request, context, "rebuild", body)


async def repair(state: State, request: web.Request, context: Context, body: RepairBody) -> Response:
    """Repair the wrong ones among some entries of the log more; with `dry_run` say only what would be repaired."""
    return await state.core.rpc.request(RepairLog(body.after or "", body.dry_run), context)


async def _start(state: State, request: web.Request, context: Context, kind: str, body: ReplayBody) -> Response:
    rpc_request: Callable[[str, str, str], Request[Response]] = of(_service(request), StartReplay)
    return await state.core.rpc.request(rpc_request(request.match_info["name"], kind, body.only or ""), context)


async def replay(state: State, request: web.Request, context: Context) -> Response:
    """The progress or result of a verification or rebuild."""
    rpc_request: Callable[[str], Request[Response]] = of(_service(request), GetReplay)
    return await state.core.rpc.request(rpc_request(request.match_info["id"]), context)


def _service(request: web.Request) -> str:
    service = PROJECTIONS.get(request.match_info["name"])
    if service is None:
        raise not_found("Projection")
    return service


async def _listed(state: State, context: Context, service: str) -> list[Any] | None:
    try:
        answer: Response = await state.core.rpc.request(of(service, ListProjections)(), context)
    except RocketError:
        return None
    rows: list[Any] = orjson.loads(answer.body)["data"]
    return rows
