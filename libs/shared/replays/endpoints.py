"""The endpoints about the projections of a service: their progress, their replays, and starting new ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

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
from libs.shared.replays.store import ReplayStore, to_dict

S = TypeVar("S")

KINDS = ("verify", "rebuild")
ProgressOf = Callable[[AppRef], Awaitable[tuple[int, int]]]
"""How far something is in an app's log: the position reached, and how many positions are not done yet."""


@dataclass(frozen=True, slots=True)
class _Endpoints(Generic[S]):
    """The endpoints of one service; `progress` has all that it derives from the log, by name."""

    service: str
    projections: Mapping[str, Projection[S]]
    progress: Mapping[str, ProgressOf]
    databases: Databases
    transactions: Transactions
    store: ReplayStore

    async def list_projections(self, context: Context, _: ListProjections) -> Response:
        """All projections of an app, with their progress and newest replays."""
        app = context.the_app
        found = await asyncio.gather(*(look(app) for look in self.progress.values()))
        stalled = await standing_still(self.databases.platform, self.service, app.id)
        replays = [to_dict(row) for row in await self.store.latest(self.databases.of(app))]
        rows = [
            _described(self.service, name, reached, [r for r in replays if r["projection"] == name])
            | {"stalled": _stalled(name, stalled)}
            for name, reached in zip(self.progress, found, strict=True)
        ]
        return Response(body=orjson.dumps({"data": rows}))

    async def start(self, context: Context, request: StartReplay) -> Response:
        """Start a replay; it runs in the background."""
        projection = self.projections.get(request.projection)
        if projection is None or request.kind not in KINDS:
            raise RocketError("INVALID_STATE", f"{request.projection} can't be compared with the log by itself")
        if request.kind == "rebuild" and projection.rebuild is None:
            raise RocketError("INVALID_STATE", f"{request.projection} can't be rebuilt: nothing else says what it was")
        app, replay = context.the_app, {"only": request.only} if request.only else {}
        by = context.user.email
        async with self.transactions.begin(app, due_at=clock.now()) as transaction:
            row = await self.store.insert(transaction.connection, projection.name, request.kind, replay, by)
        return Response(202, orjson.dumps({"data": to_dict(row)}))

    async def get(self, context: Context, request: GetReplay) -> Response:
        """One replay."""
        replay_id = parse_uuid(request.id)
        row = await self.store.find(self.databases.of(context.the_app), replay_id) if replay_id else None
        if row is None:
            raise not_found("Replay")
        return Response(body=orjson.dumps({"data": to_dict(row)}))


def endpoints(
    service: str,
    projections: Sequence[Projection[S]],
    progress: Mapping[str, ProgressOf],
    databases: Databases,
    transactions: Transactions,
) -> dict[type[Request[Any]], Any]:
    """The endpoints of a service about its projections; none if it derives nothing from the log."""
    if not progress:
        return {}
    by_name = {projection.name: projection for projection in projections}
    own = _Endpoints(service, by_name, progress, databases, transactions, ReplayStore(service))
    return {
        of(service, ListProjections): own.list_projections,
        of(service, StartReplay): own.start,
        of(service, GetReplay): own.get,
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
