"""The endpoints about the projections of a service: their progress, their replays, and starting new ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import orjson

from libs.shared import clock
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.standstills import Standstill, dead_letters_of, standing_still
from libs.shared.contracts.context import AppRef, Context
from libs.shared.contracts.messages import Request, Response
from libs.shared.contracts.operations import GetReplay, ListProjections, StartReplay, of
from libs.shared.errors import RocketError, not_found
from libs.shared.ids import parse_uuid
from libs.shared.postgres.databases import Databases
from libs.shared.replays.projection import Projection
from libs.shared.replays.store import ReplayStore, shown

S = TypeVar("S")

KINDS = ("verify", "rebuild")
ProgressOf = Callable[[AppRef], Awaitable[tuple[int, int]]]
"""How far something is in an app's log: the position reached, and how many positions are not done yet."""


def endpoints(
    service: str,
    projections: Sequence[Projection[S]],
    progress: Mapping[str, ProgressOf],
    databases: Databases,
    transactions: Transactions,
) -> dict[type[Request[Any]], Any]:
    """The endpoints of a service; `progress` names all that it makes of the log."""
    if not progress:
        return {}
    store, known = ReplayStore(service), {projection.name: projection for projection in projections}

    async def list_projections(context: Context, _: ListProjections) -> Response:
        app = context.the_app
        found = await asyncio.gather(*(look(app) for look in progress.values()))
        stalled = await standing_still(databases.platform, service, app.id)
        replays = [shown(row) for row in await store.latest(databases.of(app))]
        rows = [
            _described(service, name, reached, [r for r in replays if r["projection"] == name])
            | {"stalled": _stalled(name, stalled)}
            for name, reached in zip(progress, found, strict=True)
        ]
        return Response(body=orjson.dumps({"data": rows}))

    async def start(context: Context, request: StartReplay) -> Response:
        projection = known.get(request.projection)
        if projection is None or request.kind not in KINDS:
            raise RocketError("INVALID_STATE", f"{request.projection} can't be compared with the log by itself")
        if request.kind == "rebuild" and projection.rebuild is None:
            raise RocketError("INVALID_STATE", f"{request.projection} can't be rebuilt: nothing else says what it was")
        app, replay = context.the_app, {"only": request.only} if request.only else {}
        by = context.user.email
        async with transactions.begin(app, due_at=clock.now()) as transaction:
            row = await store.insert(transaction.connection, projection.name, request.kind, replay, by)
        return Response(202, orjson.dumps({"data": shown(row)}))

    async def get(context: Context, request: GetReplay) -> Response:
        replay_id = parse_uuid(request.id)
        row = await store.find(databases.of(context.the_app), replay_id) if replay_id else None
        if row is None:
            raise not_found("Replay")
        return Response(body=orjson.dumps({"data": shown(row)}))

    return {
        of(service, ListProjections): list_projections,
        of(service, StartReplay): start,
        of(service, GetReplay): get,
    }


def _stalled(name: str, standstills: Sequence[Standstill]) -> dict[str, str] | None:
    """Since when a projection stands still, and why; None while it goes on. The log does where its relay does."""
    names = (name, dead_letters_of(name), *(("relay",) if name == "log" else ()))
    found = next((each for each in standstills if each["what"] in names), None)
    return {"since": found["since"], "reason": found["reason"]} if found else None


def _described(service: str, name: str, reached: tuple[int, int], replays: list[dict[str, Any]]) -> dict[str, Any]:
    """A projection with the newest replay of each kind; its hash is that of the last whole one."""
    whole = [r for r in replays if r["status"] == "done" and "only" not in r and r["kind"] == "verify"]
    newest = {replay["kind"]: replay for replay in replays}
    return {
        "name": name,
        "service": service,
        "position": reached[0],
        "lag": reached[1],
        "hash": whole[-1].get("hash") if whole else None,
        **{kind: newest.get(kind) for kind in KINDS},
    }
