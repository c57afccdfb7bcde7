"""Writes of many records in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.bodies import read_array, read_object
from libs.shared.contracts import records as contracts
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, detail_of, invalid, invalid_field
from libs.shared.nearest import unknown
from services.data.handlers.upserts import is_upsert, upsert_records
from services.data.model import EntityModel
from services.data.permissions import grant_for
from services.data.query.choices import parse_choice
from services.data.query.scope import check_parameters, refused
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema
from services.data.writes.context.write_context import WriteContext
from services.data.writes.requests import bulk, bulk_by_filter, bulk_restore
from services.data.writes.requests.responses import conceal


@under_schema
async def create_records(ctx: RequestContext, request: contracts.CreateRecords) -> Response:
    entity = ctx.model.entity(request.entity)
    grant_for(entity, "create", ctx.caller)
    dry_run, write = _is_dry_run(ctx, entity, request), ctx.write()
    if is_upsert(request):
        return await upsert_records(ctx, entity, request, dry_run)
    try:
        keys = await bulk.create(write, entity, read_array(request.body), dry_run)
    except RocketError as refusal:
        raise conceal(write, entity, "create", refusal) from None
    return _respond(write, "created", keys, dry_run, 201)


@under_schema
async def update_records(ctx: RequestContext, request: contracts.UpdateRecords) -> Response:
    entity = ctx.model.entity(request.entity)
    grant = grant_for(entity, "update", ctx.caller)
    dry_run, write = _is_dry_run(ctx, entity, request), ctx.write()
    if is_upsert(request):
        return await upsert_records(ctx, entity, request, dry_run)
    choice = parse_choice(ctx.scope(), entity, request.query)
    rows = _rows(request.body) if choice is None else ()
    if choice is not None or not bulk.is_versioned(rows):
        _refuse_unconditional(entity)
    try:
        if choice is None:
            keys = await bulk.update(write, entity, grant, rows, dry_run)
        else:
            keys = await bulk_by_filter.update(write, entity, grant, choice, _values(request.body), dry_run)
    except RocketError as refusal:
        raise conceal(write, entity, "update", refusal) from None
    return _respond(write, "updated", keys, dry_run)


@under_schema
async def delete_records(ctx: RequestContext, request: contracts.DeleteRecords) -> Response:
    entity = ctx.model.entity(request.entity)
    grant = grant_for(entity, "delete", ctx.caller)
    _refuse_unconditional(entity)
    dry_run, write = _is_dry_run(ctx, entity, request), ctx.write()
    choice = parse_choice(ctx.scope(), entity, request.query)
    try:
        if choice is None:
            keys = await bulk.delete(write, entity, grant, read_array(request.body), dry_run)
        else:
            _refuse_body(request.body)
            keys = await bulk_by_filter.delete(write, entity, grant, choice, dry_run)
    except RocketError as refusal:
        raise conceal(write, entity, "delete", refusal) from None
    return _respond(write, "deleted", keys, dry_run)


@under_schema
async def restore_records(ctx: RequestContext, request: contracts.RestoreRecords) -> Response:
    entity = ctx.model.entity(request.entity)
    grant = grant_for(entity, "delete", ctx.caller)
    dry_run, write = _is_dry_run(ctx, entity, request), ctx.write()
    choice = parse_choice(ctx.scope(), entity, request.query, trashed=True)
    try:
        if choice is None:
            keys = await bulk_restore.restore(write, entity, grant, read_array(request.body), dry_run)
        else:
            _refuse_body(request.body)
            keys = await bulk_by_filter.restore(write, entity, grant, choice, dry_run)
    except RocketError as refusal:
        raise conceal(write, entity, "delete", refusal) from None
    return _respond(write, "restored", keys, dry_run)


def _rows(body: bytes) -> list[Any]:
    """The rows of an update; an object of values would be for records that nothing has chosen."""
    if body.lstrip().startswith(b"{") and "set" in read_object(body):
        raise refused("expect", "and a filter, or q, are needed to choose the records to set values in")
    return read_array(body)


def _values(body: bytes) -> dict[str, Any]:
    """The values that are set in all chosen records."""
    document = read_object(body)
    for name in document:
        if name != "set":
            raise invalid('The body is {"set": {…}}', detail_of(name, unknown(name, ("set",)), "unknown"))
    values = document.get("set")
    if not isinstance(values, dict) or not values:
        raise invalid_field("set", "set must be an object with a value for each field to change", "required")
    return values


def _refuse_body(body: bytes) -> None:
    if body.strip():
        raise RocketError("INVALID_PAYLOAD", "Either filters choose the records, or the ids in the body")


def _refuse_unconditional(entity: EntityModel) -> None:
    if entity.definition.require_if_match:
        message = f"{entity.name} is changed with If-Match only, so one record at a time"
        raise RocketError("PRECONDITION_REQUIRED", message)


def _is_dry_run(
    ctx: RequestContext,
    entity: EntityModel,
    request: contracts.CreateRecords | contracts.UpdateRecords | contracts.DeleteRecords | contracts.RestoreRecords,
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
