"""Serves the gateways' live streams: the settled position of the log, and the commits that a caller may see."""

from __future__ import annotations

from libs.shared.contracts import live as contracts
from libs.shared.contracts.context import Context
from libs.shared.errors import RocketError
from services.data.live.commits import load_range, load_visible_changes, serialize_commit
from services.data.log.store import taken_position
from services.data.query.scope import refused
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema
from services.data.state import State

MAX_ENTITIES = 20
"""Entities of one stream."""


async def await_commits(state: State, context: Context, request: contracts.AwaitCommits) -> contracts.CommitWatermark:
    """The watermark of the log, as soon as it is beyond what the caller knows."""
    timeout_s = min(request.wait, max(0.0, context.remaining() - 1))
    return contracts.CommitWatermark(await state.watermarks.beyond(context.the_app, request.after, timeout_s))


@under_schema
async def list_changes(ctx: RequestContext, request: contracts.ListChanges) -> contracts.Changes:
    """The commits after a position that the caller may see. Raises the errors of a list for entities and query."""
    if not 0 < len(request.entities) <= MAX_ENTITIES:
        raise refused("entities", f"must name 1 to {MAX_ENTITIES} entities")
    if request.after > await taken_position(ctx.database):
        raise RocketError("INVALID_PAYLOAD", "Last-Event-ID is ahead of everything that has happened")
    entities = [ctx.model.entity(name) for name in dict.fromkeys(request.entities)]
    commits = await load_range(ctx.database, entities, request.after, request.until)
    changes = await load_visible_changes(ctx, entities, request, commits)
    while changes is None:
        commits = commits.narrow()
        changes = await load_visible_changes(ctx, entities, request, commits)
    positions = sorted(changes)
    lines = [serialize_commit(ctx.model.bounds, position, changes[position]) for position in positions]
    return contracts.Changes(commits.until, positions, b"\n".join(lines))
