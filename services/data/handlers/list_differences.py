"""The difference of a list between two moments."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared import exact
from libs.shared.contracts import records as contracts
from libs.shared.contracts.messages import Response
from services.data.model import EntityModel
from services.data.model.version import check_current
from services.data.query.differences import CHANGED_RECORDS, MAX_CHANGED, RESERVED, Side, differences, side_sql
from services.data.query.includes import parse_output
from services.data.query.parameters import parse_criteria
from services.data.query.scope import check_parameters, refused
from services.data.request.context import RequestContext
from services.data.request.moments import latest_of, moment_of
from services.data.request.schema_fence import under_schema


@under_schema
async def compare_lists(ctx: RequestContext, request: contracts.CompareLists) -> Response:
    entity = ctx.model.entity(request.entity)
    check_parameters(ctx.scope(), entity, request)
    # Everything has come since the beginning, which as a moment is none.
    begins = dict(request.query).get("since") == "0"
    since = 0 if begins else await moment_of(ctx, request.query, "since")
    until = await moment_of(ctx, request.query, "until")
    if since is None:
        raise refused("since", "is required: a position, or a time")
    if until is None:
        until = await latest_of(ctx)
    arguments = entity.number, since, until
    rows = await ctx.database.fetch(CHANGED_RECORDS, *arguments, timeout=ctx.context.remaining())
    changed = [(row["record_id"], row["position"]) for row in rows[:MAX_CHANGED]]
    ids = [record_id for record_id, _ in changed]
    before, after = [await _side(ctx, entity, request, position, ids) for position in (since, until)]
    await check_current(ctx.database, ctx.model)
    meta = {"since": since, "until": until, "complete": len(rows) <= MAX_CHANGED}
    return Response(body=exact.dumps({"data": differences(changed, before, after), "meta": meta}))


async def _side(
    ctx: RequestContext, entity: EntityModel, request: contracts.CompareLists, position: int, ids: Sequence[str]
) -> Side:
    """The records of these ids that the list showed at a position."""
    scope, values = ctx.scope(RESERVED), dict(request.query)
    criteria = parse_criteria(scope, entity, request.query, values, position)
    output = parse_output(scope, entity, values.get("fields", ""), "")._replace(includes=())
    shape = entity.name, criteria, output, "side"
    sql = ctx.model.statements.made(shape, lambda: side_sql(ctx.model, entity, criteria, output))
    rows = await ctx.database.fetch(sql, list(ids), *scope.values, timeout=ctx.context.remaining())
    return {row["key"]: (row["version"], exact.loads(row["change"])) for row in rows}
