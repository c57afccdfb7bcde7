"""The commits of one response of a live stream: which range of the log it covers, and what the caller sees of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.contracts import live as contracts
from libs.shared.contracts.context import SYSTEM
from libs.shared.postgres.databases import Database
from libs.shared.postgres.errors import SchemaMoved
from libs.shared.postgres.limits import Limit, LimitReached
from libs.shared.schema.comments import COMMENTS
from services.data.live.changes import RESERVED_PARAMETERS, Watched, changes_sql
from services.data.live.comments import visible_changes
from services.data.model import EntityModel
from services.data.model.bounds import Bounds
from services.data.query.includes import parse_output
from services.data.query.parameters import parse_criteria
from services.data.query.scope import Scope, check_parameters, refused
from services.data.request.context import RequestContext

MAX_CHANGES = 500
"""Changes of one response. Of a larger commit only their number is sent."""
MAX_COMMITS = 200
"""Commits of one response."""
PAST_ONLY = ("as_of", "deleted", "cursor")
"""Parameters of lists that make no sense for live changes."""

# How many records each commit of a range has changed, for the entities in $3.
COMMIT_SIZES = """
SELECT position, count(*) AS changes FROM data.commits
WHERE position > $1 AND position <= $2 AND entity = ANY($3::int[]) GROUP BY position ORDER BY position LIMIT $4
"""

Changes = dict[int, list[Any]]
"""Position → rows of `changes_sql`."""


class CommitRange:
    """The part of the log that one response covers; `counted` if its only commit is too large to be sent.

    `commits` are the positions of the commits in it.
    """

    def __init__(self, after: int, until: int, counted: bool, commits: Sequence[int]) -> None:
        self.after = after
        self.until = until
        self.counted = counted
        self._commits = [position for position in commits if position <= until]

    def narrow(self) -> CommitRange:
        """Only the first commit, as the whole range is too large; of a single commit, only its number of changes."""
        first = self._commits[0]
        return CommitRange(self.after, first, counted=len(self._commits) == 1, commits=[first])


async def load_range(database: Database, entities: Sequence[EntityModel], after: int, until: int) -> CommitRange:
    """The commits after a position that fit into one response."""
    rows = await database.fetch(COMMIT_SIZES, after, until, [entity.number for entity in entities], MAX_COMMITS)
    total, last, commits = 0, after, [row["position"] for row in rows]
    for row in rows:
        if total and total + row["changes"] > MAX_CHANGES:
            return CommitRange(after, last, False, commits)
        total, last = total + row["changes"], row["position"]
        if total > MAX_CHANGES:
            return CommitRange(after, last, True, commits)
    return CommitRange(after, last if len(rows) == MAX_COMMITS else until, False, commits)


async def load_visible_changes(
    ctx: RequestContext, entities: Sequence[EntityModel], request: contracts.ListChanges, commits: CommitRange
) -> Changes | None:
    """What the caller sees of a range, by position; None where it is more than a response may hold."""
    changes: Changes = defaultdict(list)
    try:
        for entity in entities:
            load = _load_comment_changes if entity.name == COMMENTS else _load_entity_changes
            for row in await load(ctx, entity, request, commits):
                changes[row["position"]].append(row)
    except LimitReached as refusal:
        if refusal.limit is not Limit.ANSWER:
            raise
        return None
    for rows in changes.values():
        rows.sort(key=lambda row: row["n"])
    return changes


async def _load_comment_changes(
    ctx: RequestContext, entity: EntityModel, request: contracts.ListChanges, commits: CommitRange
) -> Sequence[Any]:
    system = ctx._replace(context=ctx.context.for_user(SYSTEM))
    return await visible_changes(ctx, await _load_entity_changes(system, entity, request, commits))


async def _load_entity_changes(
    ctx: RequestContext, entity: EntityModel, request: contracts.ListChanges, commits: CommitRange
) -> Sequence[Any]:
    scope = ctx.scope(RESERVED_PARAMETERS)
    watched = _parse_watched(scope, entity, request, commits.counted)
    sql = ctx.model.statements.made((entity.name, watched), lambda: changes_sql(ctx.model, entity, watched))
    timeout_s = ctx.context.remaining()
    rows = await ctx.database.fetch(sql, commits.after, commits.until, *scope.values, timeout=timeout_s)
    if not rows or rows[0]["schema_version"] != ctx.model.version:
        raise SchemaMoved
    return [row for row in rows if row["position"] is not None]


def _parse_watched(scope: Scope, entity: EntityModel, request: contracts.ListChanges, counted: bool) -> Watched:
    values = dict(request.query)
    check_parameters(scope, entity, request)
    for name in PAST_ONLY:
        if name in values:
            raise refused(name, "does not apply to live changes")
    criteria = parse_criteria(scope, entity, request.query, values)
    return Watched(criteria, parse_output(scope, entity, values.get("fields", ""), values.get("include", "")), counted)


def serialize_commit(bounds: Bounds, position: int, rows: Sequence[Any]) -> bytes:
    """One commit as a line of JSON, with the changes as PostgreSQL wrote them."""
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
    changes, cut = bounds.split_marks(",".join(row["change"] for row in rows).replace("\n", " "))
    truncated = b',"included_truncated":%s' % exact.dumps(cut) if cut else b""
    return head[:-1] + b',"changes":[%s]%s}' % (changes.encode(), truncated)
