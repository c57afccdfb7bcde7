"""Bulk writes: load → decide → commit → reply, for many records at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.contracts import records as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, invalid_field
from services.data.model import EntityModel, Model
from services.data.permissions import grant_for
from services.data.query.scope import Scope, check_parameters
from services.data.request.schema_fence import under_current_schema
from services.data.state import State
from services.data.writes.context.write_context import WriteContext
from services.data.writes.requests import bulk
from services.data.writes.requests.responses import conceal


async def create_records(state: State, context: Context, rpc_request: contracts.CreateRecords) -> Response:
    async def attempt(model: Model) -> Response:
        entity = model.entity(rpc_request.entity)
        grant_for(entity, "create", context.user)
        dry_run, write = _dry_run(model, entity, context, rpc_request), WriteContext.of(state.writes, context, model)
        try:
            keys = await bulk.create(write, entity, entity.parse_rows(rpc_request.body), dry_run)
        except RocketError as refusal:
            raise conceal(write, entity, "create", refusal) from None
        return _answer(write, "created", keys, dry_run, 201)

    return await under_current_schema(state, context, attempt)


async def update_records(state: State, context: Context, rpc_request: contracts.UpdateRecords) -> Response:
    async def attempt(model: Model) -> Response:
        entity = model.entity(rpc_request.entity)
        grant = grant_for(entity, "update", context.user)
        _refuse_unconditional(entity)
        dry_run, write = _dry_run(model, entity, context, rpc_request), WriteContext.of(state.writes, context, model)
        try:
            keys = await bulk.update(write, entity, grant, entity.parse_rows(rpc_request.body), dry_run)
        except RocketError as refusal:
            raise conceal(write, entity, "update", refusal) from None
        return _answer(write, "updated", keys, dry_run)

    return await under_current_schema(state, context, attempt)


async def delete_records(state: State, context: Context, rpc_request: contracts.DeleteRecords) -> Response:
    async def attempt(model: Model) -> Response:
        entity = model.entity(rpc_request.entity)
        grant = grant_for(entity, "delete", context.user)
        _refuse_unconditional(entity)
        dry_run, write = _dry_run(model, entity, context, rpc_request), WriteContext.of(state.writes, context, model)
        try:
            keys = await bulk.delete(write, entity, grant, entity.parse_rows(rpc_request.body), dry_run)
        except RocketError as refusal:
            raise conceal(write, entity, "delete", refusal) from None
        return _answer(write, "deleted", keys, dry_run)

    return await under_current_schema(state, context, attempt)


def _refuse_unconditional(entity: EntityModel) -> None:
    if entity.definition.require_if_match:
        message = f"{entity.name} is changed with If-Match only, so one record at a time"
        raise RocketError("PRECONDITION_REQUIRED", message)


def _dry_run(
    model: Model,
    entity: EntityModel,
    context: Context,
    rpc_request: contracts.CreateRecords | contracts.UpdateRecords | contracts.DeleteRecords,
) -> bool:
    check_parameters(Scope(model, context.user), entity, rpc_request)
    asked = dict(rpc_request.query).get("dry_run", "false")
    if asked not in ("true", "false"):
        raise invalid_field("dry_run", "dry_run must be true or false")
    return asked == "true"


def _answer(write: WriteContext, verb: str, keys: Sequence[Any], dry_run: bool, status: int = 200) -> Response:
    """What has happened, or, in a dry run, what would."""
    data = {verb: len(keys), "ids": keys, **({"dry_run": True} if dry_run else {})}
    headers = {"X-Commit": str(write.position)} if write.position else {}
    return Response(200 if dry_run else status, exact.dumps({"data": data}), headers)
