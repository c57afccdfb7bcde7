"""Writes of single records, and the undo of commits."""

from __future__ import annotations

from collections.abc import Mapping

from libs.shared import exact
from libs.shared.bodies import read_object
from libs.shared.contracts import commits as commits_contracts
from libs.shared.contracts import records as contracts
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, not_found
from libs.shared.etags import demanded_versions, etag
from libs.shared.postgres.errors import SchemaMoved
from services.data.handlers.commits import refuse_undo
from services.data.model import EntityModel, KeyValue
from services.data.permissions import grant_for
from services.data.query.statements import exists_statement
from services.data.request.context import RequestContext
from services.data.request.execution import read
from services.data.request.record_keys import key_named
from services.data.request.schema_fence import under_schema
from services.data.writes.context.write_context import WriteContext
from services.data.writes.requests import records
from services.data.writes.requests.records import PreconditionFailed, Target
from services.data.writes.requests.responses import conceal, serialize_written
from services.data.writes.statements.changes import Written
from services.data.writes.statements.locking import Stored
from services.data.writes.undo.undo import undo


@under_schema
async def create_record(ctx: RequestContext, request: contracts.CreateRecord) -> Response:
    entity = ctx.model.entity(request.entity)
    grant_for(entity, "create", ctx.caller)
    write = ctx.write()
    try:
        written = await records.create(write, entity, read_object(request.body))
    except RocketError as refusal:
        raise conceal(write, entity, "create", refusal) from None
    return _respond(write, entity, "create", written, 201)


@under_schema
async def update_record(ctx: RequestContext, request: contracts.UpdateRecord) -> Response:
    entity = ctx.model.entity(request.entity)
    target = await _target(ctx, entity, request, "update")
    write = ctx.write()
    try:
        written = await records.update(write, entity, target, read_object(request.body))
    except PreconditionFailed:
        raise await _mismatch(ctx, entity, target) from None
    except RocketError as refusal:
        raise conceal(write, entity, "update", refusal) from None
    return _respond(write, entity, "update", written)


@under_schema
async def delete_record(ctx: RequestContext, request: contracts.DeleteRecord) -> Response:
    entity = ctx.model.entity(request.entity)
    target = await _target(ctx, entity, request, "delete")
    write = ctx.write()
    try:
        key = await records.delete(write, entity, target)
    except PreconditionFailed:
        raise await _mismatch(ctx, entity, target) from None
    except RocketError as refusal:
        raise conceal(write, entity, "delete", refusal) from None
    return Response(body=exact.dumps({"data": {"id": key}}), headers=_commit_header(write))


@under_schema
async def restore_record(ctx: RequestContext, request: contracts.RestoreRecord) -> Response:
    entity = ctx.model.entity(request.entity)
    key = await key_named(ctx, entity, request.id)
    target = Target(key, grant_for(entity, "delete", ctx.caller), demanded_versions(request.if_match))
    write = ctx.write()
    try:
        written = await records.restore(write, entity, target)
    except RocketError as refusal:
        raise conceal(write, entity, "delete", refusal) from None
    return _respond(write, entity, "delete", written)


@under_schema
async def undo_commit(ctx: RequestContext, request: commits_contracts.UndoCommit) -> Response:
    write = ctx.write(cause="undo")
    try:
        data = await undo(write, request.commit_id)
    except RocketError as refusal:
        raise await refuse_undo(ctx, request.commit_id, refusal) from None
    return Response(body=exact.dumps({"data": data}), headers=_commit_header(write))


async def _target(
    ctx: RequestContext,
    entity: EntityModel,
    request: contracts.UpdateRecord | contracts.DeleteRecord,
    action: str,
) -> Target:
    """The record to write, and the grant for it. 404 takes precedence over 403."""
    key = await key_named(ctx, entity, request.id)
    try:
        grant = grant_for(entity, action, ctx.caller)
    except RocketError:
        if await _version_now(ctx, entity, key) is None:
            raise not_found("Record") from None
        raise
    if entity.definition.require_if_match and not request.if_match.strip():
        raise RocketError("PRECONDITION_REQUIRED", f"{entity.name} is changed with If-Match only")
    return Target(key, grant, demanded_versions(request.if_match))


async def _version_now(ctx: RequestContext, entity: EntityModel, key: KeyValue) -> int | None:
    row: Mapping[str, int | None] = await read(ctx, exists_statement(entity, key))
    return row["version"]


async def _mismatch(ctx: RequestContext, entity: EntityModel, target: Target) -> Exception:
    """Why a statement matched no record: it does not exist, it has another version, or the schema has changed."""
    version = await _version_now(ctx, entity, target.key)
    if version is None:
        return not_found("Record")
    try:
        records.refuse_mismatch(entity, target, version)
    except RocketError as refusal:
        return refusal
    return SchemaMoved()  # it matches by now: try again


def _respond(
    write: WriteContext, entity: EntityModel, verb: str, outcome: Written | Stored, status: int = 200
) -> Response:
    headers = {**etag(outcome.version), **_commit_header(write)}
    return Response(status, b'{"data":%s}' % serialize_written(write, entity, verb, outcome.record_text), headers)


def _commit_header(write: WriteContext) -> dict[str, str]:
    return {"X-Commit": str(write.position)} if write.position else {}
