"""What the data service does to records: load → decide → commit → reply."""

from __future__ import annotations

from collections.abc import Mapping

from libs.shared import exact
from libs.shared.contracts import records as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, not_found
from libs.shared.etags import demanded_versions, etag
from libs.shared.postgres.errors import SchemaMoved
from services.data.handlers.commits import undo_refusal
from services.data.model import EntityModel, KeyValue, Model
from services.data.permissions import grant_for
from services.data.query.statements import exists_statement
from services.data.request.execution import read
from services.data.request.record_keys import key_named
from services.data.request.schema_fence import under_current_schema
from services.data.state import State
from services.data.writes.context.write_context import WriteContext
from services.data.writes.requests import effects, records
from services.data.writes.requests.records import PreconditionFailed, Target
from services.data.writes.requests.responses import conceal, serialize_written
from services.data.writes.statements.changes import Written
from services.data.writes.statements.locking import Stored
from services.data.writes.undo.undo import undo


async def create_record(state: State, context: Context, rpc_request: contracts.CreateRecord) -> Response:
    async def attempt(model: Model) -> Response:
        entity = model.entity(rpc_request.entity)
        grant_for(entity, "create", context.user)
        write = WriteContext.of(state.writes, context, model)
        try:
            written = await records.create(write, entity, entity.parse_body(rpc_request.body))
        except RocketError as refusal:
            raise conceal(write, entity, "create", refusal) from None
        return _answer(write, entity, "create", written, 201)

    return await under_current_schema(state, context, attempt)


async def update_record(state: State, context: Context, rpc_request: contracts.UpdateRecord) -> Response:
    async def attempt(model: Model) -> Response:
        entity = model.entity(rpc_request.entity)
        target = await _target(state, context, model, entity, rpc_request, "update")
        write = WriteContext.of(state.writes, context, model)
        try:
            written = await records.update(write, entity, target, entity.parse_body(rpc_request.body))
        except PreconditionFailed:
            raise await _why_not(state, context, model, entity, target) from None
        except RocketError as refusal:
            raise conceal(write, entity, "update", refusal) from None
        return _answer(write, entity, "update", written)

    return await under_current_schema(state, context, attempt)


async def delete_record(state: State, context: Context, rpc_request: contracts.DeleteRecord) -> Response:
    async def attempt(model: Model) -> Response:
        entity = model.entity(rpc_request.entity)
        target = await _target(state, context, model, entity, rpc_request, "delete")
        write = WriteContext.of(state.writes, context, model)
        try:
            key = await records.delete(write, entity, target)
        except PreconditionFailed:
            raise await _why_not(state, context, model, entity, target) from None
        except RocketError as refusal:
            raise conceal(write, entity, "delete", refusal) from None
        return Response(body=exact.dumps({"data": {"id": key}}), headers=_commit(write))

    return await under_current_schema(state, context, attempt)


async def restore_record(state: State, context: Context, rpc_request: contracts.RestoreRecord) -> Response:
    async def attempt(model: Model) -> Response:
        entity = model.entity(rpc_request.entity)
        key = await key_named(state, context, model, entity, rpc_request.id)
        target = Target(key, grant_for(entity, "delete", context.user), demanded_versions(rpc_request.if_match))
        write = WriteContext.of(state.writes, context, model)
        try:
            written = await records.restore(write, entity, target)
        except RocketError as refusal:
            raise conceal(write, entity, "delete", refusal) from None
        return _answer(write, entity, "delete", written)

    return await under_current_schema(state, context, attempt)


async def undo_commit(state: State, context: Context, rpc_request: contracts.UndoCommit) -> Response:
    async def attempt(model: Model) -> Response:
        write = WriteContext.of(state.writes, context._replace(cause="undo"), model)
        try:
            data = await undo(write, rpc_request.commit_id)
        except RocketError as refusal:
            raise await undo_refusal(state, context, model, rpc_request.commit_id, refusal) from None
        return Response(body=exact.dumps({"data": data}), headers=_commit(write))

    return await under_current_schema(state, context, attempt)


async def set_fields(state: State, context: Context, rpc_request: contracts.SetFields) -> contracts.Effected:
    async def attempt(model: Model) -> contracts.Effected:
        return await effects.set_fields(
            WriteContext.of(state.writes, context, model, rpc_request.effect_key), rpc_request
        )

    return await under_current_schema(state, context, attempt)


async def _target(
    state: State,
    context: Context,
    model: Model,
    entity: EntityModel,
    rpc_request: contracts.UpdateRecord | contracts.DeleteRecord,
    action: str,
) -> Target:
    """Which record is meant, and by what right; that it is absent (404) is told before a lack of permission (403)."""
    key = await key_named(state, context, model, entity, rpc_request.id)
    try:
        grant = grant_for(entity, action, context.user)
    except RocketError:
        if await _version_now(state, context, model, entity, key) is None:
            raise not_found("Record") from None
        raise
    if entity.definition.require_if_match and not rpc_request.if_match.strip():
        raise RocketError("PRECONDITION_REQUIRED", f"{entity.name} is changed with If-Match only")
    return Target(key, grant, demanded_versions(rpc_request.if_match))


async def _version_now(state: State, context: Context, model: Model, entity: EntityModel, key: KeyValue) -> int | None:
    row: Mapping[str, int | None] = await read(state, context, model, exists_statement(entity, key))
    return row["version"]


async def _why_not(state: State, context: Context, model: Model, entity: EntityModel, target: Target) -> Exception:
    """Why a statement has found no record as wanted: another schema, no record, or another version."""
    version = await _version_now(state, context, model, entity, target.key)
    if version is None:
        return not_found("Record")
    try:
        records.refuse_mismatch(entity, target, version)
    except RocketError as refusal:
        return refusal
    return SchemaMoved()  # it has become so since: try anew


def _answer(
    write: WriteContext, entity: EntityModel, verb: str, outcome: Written | Stored, status: int = 200
) -> Response:
    headers = {**etag(outcome.version), **_commit(write)}
    return Response(status, b'{"data":%s}' % serialize_written(write, entity, verb, outcome.record_text), headers)


def _commit(write: WriteContext) -> dict[str, str]:
    return {"X-Commit": str(write.position)} if write.position else {}
