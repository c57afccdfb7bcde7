"""What the data service answers to gateways that hold live streams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.contracts import live as contracts
from libs.shared.contracts.context import Context
from libs.shared.errors import RocketError
from libs.shared.postgres.errors import SchemaMoved
from libs.shared.postgres.limits import Limit, LimitReached
from services.data.live.changes import RESERVED, STRETCH, Watched, changes_sql
from services.data.log.watermarks import REACHED
from services.data.model import EntityModel, Model
from services.data.model.bounds import Bounds
from services.data.query.includes import parse_shown
from services.data.query.parameters import parse_chosen
from services.data.query.scope import Scope, check_parameters, refused
from services.data.request.schema_fence import under_current_schema
from services.data.state import State

MOST_CHANGES = 500
"""Changes told of one commit, and of the commits of one answer; of a larger commit only their number is told."""
MOST_COMMITS = 200
"""Commits of one answer."""
MOST_ENTITIES = 20
PAST_ONLY = ("as_of", "deleted", "cursor")
"""Parameters of lists that make no sense for what is going on now."""

Told = dict[int, list[Any]]
"""Position → rows of `changes_sql`."""


async def await_commits(state: State, context: Context, request: contracts.AwaitCommits) -> contracts.Settled:
    """How far the log is settled, as soon as that is further than the asker knows."""
    wait = min(request.wait, max(0.0, context.remaining() - 1))
    return contracts.Settled(await state.frontiers.beyond(context.the_app, request.after, wait))


async def list_changes(state: State, context: Context, request: contracts.ListChanges) -> contracts.Changes:
    """Commits behind a position that concern the caller. Raises what a list raises for entities and query."""
    if not 0 < len(request.entities) <= MOST_ENTITIES:
        raise refused("entities", f"must name 1 to {MOST_ENTITIES} entities")
    if request.after > await state.database(context.the_app).fetchval(REACHED):
        raise RocketError("INVALID_PAYLOAD", "Last-Event-ID is ahead of everything that has happened")

    async def attempt(model: Model) -> contracts.Changes:
        entities = [model.entity(name) for name in dict.fromkeys(request.entities)]
        stretch = await _stretch(state, context, request, entities)
        told = await _told(state, context, model, entities, request, stretch)
        while told is None:
            stretch = stretch.narrower()
            told = await _told(state, context, model, entities, request, stretch)
        rows = {position: sorted(told[position], key=lambda row: row["n"]) for position in sorted(told)}
        lines = [_event(model.bounds, position, changes) for position, changes in rows.items()]
        return contracts.Changes(stretch.until, sorted(told), b"\n".join(lines))

    return await under_current_schema(state, context, attempt)


class Stretch:
    """The part of the log that one answer is about; `counted` if its only commit is too large to be told.

    `commits` are the positions that there are in it.
    """

    def __init__(self, after: int, until: int, counted: bool, commits: Sequence[int]) -> None:
        self.after = after
        self.until = until
        self.counted = counted
        self._commits = [position for position in commits if position <= until]

    def narrower(self) -> Stretch:
        """The first commit only, where the answer about more is too large; of one alone the number of its changes."""
        first = self._commits[0]
        return Stretch(self.after, first, counted=len(self._commits) == 1, commits=[first])


async def _stretch(
    state: State, context: Context, request: contracts.ListChanges, entities: Sequence[EntityModel]
) -> Stretch:
    numbers = [entity.number for entity in entities]
    database = state.database(context.the_app)
    rows = await database.fetch(STRETCH, request.after, request.until, numbers, MOST_COMMITS)
    total, last, commits = 0, request.after, [row["position"] for row in rows]
    for row in rows:
        if total and total + row["changes"] > MOST_CHANGES:
            return Stretch(request.after, last, False, commits)
        total, last = total + row["changes"], row["position"]
        if total > MOST_CHANGES:
            return Stretch(request.after, last, True, commits)
    return Stretch(request.after, last if len(rows) == MOST_COMMITS else request.until, False, commits)


async def _told(
    state: State,
    context: Context,
    model: Model,
    entities: Sequence[EntityModel],
    request: contracts.ListChanges,
    stretch: Stretch,
) -> Told | None:
    """The changes of a stretch; None where they are more than an answer may hold."""
    told: Told = defaultdict(list)
    try:
        for entity in entities:
            await _collect(state, context, model, entity, request, stretch, told)
    except LimitReached as refusal:
        if refusal.limit is not Limit.ANSWER:
            raise
        return None
    return told


async def _collect(
    state: State,
    context: Context,
    model: Model,
    entity: EntityModel,
    request: contracts.ListChanges,
    stretch: Stretch,
    told: Told,
) -> None:
    scope = Scope(model, context.user, RESERVED)
    watched = _watched(scope, entity, request, stretch.counted)
    sql = model.statements.made((entity.name, watched), lambda: changes_sql(model, entity, watched))
    database = state.database(context.the_app)
    rows = await database.fetch(sql, stretch.after, stretch.until, *scope.values, timeout=context.remaining())
    if not rows or rows[0]["schema_version"] != model.version:
        raise SchemaMoved
    for row in rows:
        if row["position"] is not None:
            told[row["position"]].append(row)


def _watched(scope: Scope, entity: EntityModel, request: contracts.ListChanges, counted: bool) -> Watched:
    values = dict(request.query)
    check_parameters(scope, entity, request)
    for name in PAST_ONLY:
        if name in values:
            raise refused(name, "is not for what is going on now")
    chosen = parse_chosen(scope, entity, request.query, values)
    return Watched(chosen, parse_shown(scope, entity, values.get("fields", ""), values.get("include", "")), counted)


def _event(bounds: Bounds, position: int, rows: Sequence[Any]) -> bytes:
    """One commit as JSON on one line; the changes as PostgreSQL wrote them, unread."""
    first = rows[0]
    actor = exact.loads(first["actor"])
    head = exact.dumps(
        {
            "position": position,
            "commit_id": first["commit_id"],
            "at": first["at"],
            "trace_id": first["trace_id"],
            "user": {"id": actor["id"], "email": actor["email"]},
            **({"on_behalf_of": actor["on_behalf_of"]} if actor.get("on_behalf_of") else {}),
        }
    )
    if first["change"] is None:
        return head[:-1] + b',"changes":[],"omitted":%d}' % len(rows)
    changes, cut = bounds.told(",".join(row["change"] for row in rows).replace("\n", " "))
    told = b',"included_truncated":%s' % exact.dumps(cut) if cut else b""
    return head[:-1] + b',"changes":[%s]%s}' % (changes.encode(), told)
