"""Writes of many records in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.bodies import read_array
from libs.shared.contracts import records as contracts
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, invalid_field
from services.data.model import EntityModel
from services.data.permissions import grant_for
from services.data.query.scope import check_parameters
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema
from services.data.writes.context.write_context import WriteContext
from services.data.writes.requests import bulk
from services.data.writes.requests.responses import conceal


@under_schema
async def create_records(ctx: RequestContext, request: contracts.CreateRecords) -> Response:
    entity = ctx.model.entity(request.entity)
    grant_for(entity, "create", ctx.caller)
    dry_run, write = _is_dry_run(ctx, entity, request), ctx.write()
    try:
        keys = await bulk.create(write, entity, read_array(request.body), dry_run)
    except RocketError as refusal:
        raise conceal(write, entity, "create", refusal) from None
    return _respond(write, "created", keys, dry_run, 201)


@under_schema
async def update_records(ctx: RequestContext, request: contracts.UpdateRecords) -> Response:
    entity = ctx.model.entity(request.entity)
    grant = grant_for(entity, "update", ctx.caller)
    _refuse_unconditional(entity)
    dry_run, write = _is_dry_run(ctx, entity, request), ctx.write()
    try:
        keys = await bulk.update(write, entity, grant, read_array(request.body), dry_run)
    except RocketError as refusal:
        raise conceal(write, entity, "update", refusal) from None
    return _respond(write, "updated", keys, dry_run)


@under_schema
async def delete_records(ctx: RequestContext, request: contracts.DeleteRecords) -> Response:
    entity = ctx.model.entity(request.entity)
    grant = grant_for(entity, "delete", ctx.caller)
    _refuse_unconditional(entity)
    dry_run, write = _is_dry_run(ctx, entity, request), ctx.write()
    try:
        keys = await bulk.delete(write, entity, grant, read_array(request.body), dry_run)
    except RocketError as refusal:
        raise conceal(write, entity, "delete", refusal) from None
    return _respond(write, "deleted", keys, dry_run)


def _refuse_unconditional(entity: EntityModel) -> None:
    if entity.definition.require_if_match:
        message = f"{entity.name} is changed with If-Match only, so one record at a time"
        raise RocketError("PRECONDITION_REQUIRED", message)


def _is_dry_run(
    ctx: RequestContext,
    entity: EntityModel,
    request: contracts.CreateRecords | contracts.UpdateRecords | contracts.DeleteRecords,
) -> bool:
    check_parameters(ctx.scope(), entity, request)
    asked = dict(request.query).get("dry_run", "false")
    if asked not in ("true", "false"):
        raise invalid_field("dry_run", "dry_run must be true or false")
    return asked == "true"


def _respond(write: WriteContext, verb: str, keys: Sequence[Any], dry_run: bool, status: int = 200) -> Response:
    """What was written, or in a dry run would be."""
    data = {verb: len(keys), "ids": keys, **({"dry_run": True} if dry_run else {})}
    headers = {"X-Commit": str(write.position)} if write.position else {}
    return Response(200 if dry_run else status, exact.dumps({"data": data}), headers)
