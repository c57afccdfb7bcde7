"""The past of single records, read from the log."""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.contracts import records as contracts
from libs.shared.contracts.messages import Response
from libs.shared.errors import not_found
from libs.shared.paging import page_of
from services.data.history import records
from services.data.model import EntityModel, KeyValue
from services.data.model.version import check_current
from services.data.permissions import Grant, grant_for
from services.data.query.includes import parse_output
from services.data.query.scope import check_parameters, refused
from services.data.query.statements import now_statement
from services.data.request.context import RequestContext
from services.data.request.execution import read
from services.data.request.moments import moment_of
from services.data.request.record_keys import key_named
from services.data.request.schema_fence import under_schema


@under_schema
async def record_history(ctx: RequestContext, request: contracts.RecordHistory) -> Response:
    page = page_of(dict(request.query))
    as_of = await moment_of(ctx, request.query)
    entity = ctx.model.entity(request.entity)
    named = await key_named(ctx, entity, request.id)
    key, grant = entity.key.text(named), grant_for(entity, "read", ctx.caller)
    scope = ctx.scope()
    check_parameters(scope, entity, request)
    now = await _now(ctx, entity, named, grant, "Record")
    rows, total = await records.load_page(ctx.database, entity, scope, key, page, as_of)
    await check_current(ctx.database, ctx.model)
    if not total:
        raise not_found("Record")
    data = [records.serialize_entry(ctx.model.schema, entity, row, grant, now) for row in rows]
    return Response(body=exact.dumps({"data": data, "meta": page.meta(total)}))


async def get_version(ctx: RequestContext, request: contracts.GetRecord, version: int) -> Response:
    """The record at one of its versions, or the requested `fields` of it."""
    for name, _ in request.query:
        if name in ("include", "as_of"):
            raise refused(name, "can't go together with version, which is about the record alone")
    await moment_of(ctx, request.query)
    entity = ctx.model.entity(request.entity)
    named = await key_named(ctx, entity, request.id)
    key, grant = entity.key.text(named), grant_for(entity, "read", ctx.caller)
    scope = ctx.scope()
    check_parameters(scope, entity, request)
    wanted = parse_output(scope, entity, dict(request.query).get("fields", ""), "").fields
    now = await _now(ctx, entity, named, grant, "Version")
    row = await records.load_version(ctx.database, entity, scope, key, version)
    await check_current(ctx.database, ctx.model)
    record = records.record_at(ctx.model.schema, entity, row, grant, now) if row else None
    if record is None:
        raise not_found("Version")
    if wanted is not None:
        record = {name: record[name] for name in wanted if name in record}
    return Response(body=exact.dumps({"data": record}))


async def _now(
    ctx: RequestContext, entity: EntityModel, key: KeyValue, grant: Grant, sought: str
) -> dict[str, Any] | None:
    """The record as it is now, live or in the trash, if the grant depends on records; else None.

    Raises NOT_FOUND, naming what is `sought`, when the caller may not see the record as it is now.
    """
    if grant.profile is None:
        return None
    row = await read(ctx, now_statement(entity, key))
    if row["record"] is None:
        return None
    record: dict[str, Any] = exact.loads(row["record"])
    if not grant.covers(record):
        raise not_found(sought)
    return record
