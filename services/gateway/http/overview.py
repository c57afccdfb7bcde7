"""The overview of an app: what there is, what waits, what has failed, each figure with the list behind it.

Each figure has its own time limit. One whose service is away has no count but an error; the others are told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from libs.shared.bus.rpc.failures import as_rocket_error
from libs.shared.contracts.context import Context
from libs.shared.contracts.figures import CountDeadLetters, CountFigures, Figures
from libs.shared.contracts.messages import Request, Response
from libs.shared.contracts.operations import PROJECTIONS, WITH_CONSUMERS, ListProjections, of
from libs.shared.errors import RocketError
from libs.shared.postgres.counting import bounded_counts, load_counts
from services.gateway.state import State

TIMEOUT_S = 2.0
"""For each figure."""
USERS = bounded_counts({"users": "gateway.users"})
LINKS = {
    "entities": "/_admin/entities",
    "records": "/_admin/entities",
    "users": "/_admin/users",
    "pending_approvals": "/_workflows/pending",
    "failed_deliveries": "/_admin/webhook-logs?status=failed",
    "failed_notifications": "/_admin/notifications?status=failed",
    "failed_instances": "/_workflows?status=failed",
    "dead_letters": "/_admin/dead-letters",
    "lag": "/_admin/projections",
}
"""Figure → the list behind it, below `/api/{app}`."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A count; `by_entity` are its parts."""

    count: int
    estimated: bool = False
    by_entity: dict[str, int] = field(default_factory=dict)


Count = Callable[[State, Context], Awaitable[dict[str, Figure]]]
"""Counts one or several figures."""


async def overview(state: State, request: web.Request, context: Context) -> Response:
    """What there is in the app, what waits and what has failed: counts, with the lists behind them."""
    found = await asyncio.gather(*(_counted(state, context, names, count) for names, count in COUNTS.items()))
    figures = {name: entry for entries in found for name, entry in entries.items()}
    return Response(body=orjson.dumps({"data": {name: figures[name] | {"link": link} for name, link in LINKS.items()}}))


async def _counted(state: State, context: Context, names: tuple[str, ...], count: Count) -> dict[str, dict[str, Any]]:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            figures = await count(state, context.within(TIMEOUT_S))
        return {name: _entry(figures[name]) for name in names}
    except TimeoutError:
        problem = RocketError("TIMEOUT", "Counting took too long")
    except Exception as error:
        problem = as_rocket_error(error, "the overview")
    return {name: {"count": None, "error": {"code": problem.code, "message": problem.message}} for name in names}


def _entry(figure: Figure) -> dict[str, Any]:
    entry: dict[str, Any] = {"count": figure.count}
    if figure.estimated:
        entry["estimated"] = True
    return entry | ({"by_entity": figure.by_entity} if figure.by_entity else {})


async def _entities(state: State, context: Context) -> dict[str, Figure]:
    return {"entities": Figure(len((await state.core.schemas.get(context.the_app)).entities))}


async def _users(state: State, context: Context) -> dict[str, Figure]:
    counts, larger = await load_counts(state.core.databases.of(context.the_app), USERS, TIMEOUT_S)
    return {name: Figure(number, name in larger) for name, number in counts.items()}


async def _records(state: State, context: Context) -> dict[str, Figure]:
    found = await _asked(state, context, "data", CountFigures)
    return {"records": Figure(sum(found.counts.values()), bool(found.estimated), found.counts)}


async def _dead_letters(state: State, context: Context) -> dict[str, Figure]:
    found = await asyncio.gather(*(_asked(state, context, name, CountDeadLetters) for name in WITH_CONSUMERS))
    total = sum(number for each in found for number in each.counts.values())
    return {"dead_letters": Figure(total, any(each.estimated for each in found))}


async def _lag(state: State, context: Context) -> dict[str, Figure]:
    services = sorted(set(PROJECTIONS.values()))
    answers = await asyncio.gather(
        *(state.core.rpc.request(of(service, ListProjections)(), context) for service in services)
    )
    rows = [row for answer in answers for row in orjson.loads(answer.body)["data"]]
    return {"lag": Figure(max((row["lag"] for row in rows), default=0))}


def _of_service(service: str) -> Count:
    async def count(state: State, context: Context) -> dict[str, Figure]:
        found = await _asked(state, context, service, CountFigures)
        return {name: Figure(number, name in found.estimated) for name, number in found.counts.items()}

    return count


async def _asked(state: State, context: Context, service: str, contract: type[Request[Figures]]) -> Figures:
    return await state.core.rpc.request(of(service, contract)(), context)


COUNTS: dict[tuple[str, ...], Count] = {
    ("entities",): _entities,
    ("records",): _records,
    ("users",): _users,
    ("pending_approvals", "failed_instances"): _of_service("workflow"),
    ("failed_deliveries",): _of_service("webhook"),
    ("failed_notifications",): _of_service("notify"),
    ("dead_letters",): _dead_letters,
    ("lag",): _lag,
}
"""The figures that are counted together, and how."""
