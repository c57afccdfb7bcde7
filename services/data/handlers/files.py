"""Descriptions of files. The bytes lie in the gateway's storage."""

from __future__ import annotations

import uuid

from libs.shared.contracts import files as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, not_found
from libs.shared.ids import parse_uuid
from libs.shared.postgres.databases import Record
from libs.shared.postgres.errors import SchemaMoved
from services.data.files import store
from services.data.files.holding import held_sql
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema
from services.data.state import State
from services.data.writes.requests.file_removal import remove


async def announce_file(state: State, context: Context, request: contracts.AnnounceFile) -> contracts.Files:
    """Note that bytes are about to be stored."""
    await state.database(context.the_app).execute(store.ANNOUNCE, uuid.UUID(request.id))
    return contracts.Files([request.id])


async def register_file(state: State, context: Context, request: contracts.RegisterFile) -> contracts.FileInfo:
    """Describe a file whose bytes are in storage. Raises CONFLICT when the upload was given up."""
    created_at = await state.database(context.the_app).fetchval(
        store.REGISTER,
        uuid.UUID(request.id),
        request.filename,
        request.mime_type,
        request.size,
        parse_uuid(context.user.id),
    )
    if created_at is None:
        raise RocketError("CONFLICT", "The upload took too long and was given up")
    return contracts.FileInfo(request.id, request.filename, request.mime_type, request.size, created_at)


async def find_file(state: State, context: Context, request: contracts.FindFile) -> contracts.FileInfo:
    file_id = _parse_id(request.id)
    database = state.database(context.the_app)
    row = await database.fetchrow(store.FIND, file_id)
    access = (await state.schemas.get(context.the_app)).settings.files.access or state.core.settings.files_access
    if row is not None and access == "record" and not context.user.is_admin:
        own = row["uploaded_by"] is not None and row["uploaded_by"] == context.user.id
        if not own and not await _is_held(state, context, file_id):
            raise not_found("File")
    return _file_info(row)


async def list_files(state: State, context: Context, request: contracts.ListFiles) -> Response:
    text: str = await state.database(context.the_app).fetchval(store.LIST)
    return Response(body=b'{"data":%s}' % text.encode())


@under_schema
async def remove_file(ctx: RequestContext, request: contracts.RemoveFile) -> contracts.FileInfo:
    """Forget a file's description; the caller removes the bytes. Raises CONFLICT where records hold the file."""
    file_id = _parse_id(request.id)
    return _file_info(await remove(ctx.write(), file_id, request.force))


async def list_loose_files(state: State, context: Context, request: contracts.ListLooseFiles) -> contracts.Files:
    """Files whose bytes have been undescribed for too long."""
    database = state.database(context.the_app)
    rows = await database.fetch(store.GIVE_UP, request.older_than)
    return contracts.Files([row["id"] for row in rows], await database.fetchval(store.NEXT, request.older_than))


async def forget_files(state: State, context: Context, request: contracts.ForgetFiles) -> contracts.Files:
    """Forget undescribed files whose bytes are gone."""
    ids = [uuid.UUID(file_id) for file_id in request.ids]
    rows = await state.database(context.the_app).fetch(store.FORGET, ids)
    return contracts.Files([row["id"] for row in rows])


@under_schema
async def _is_held(ctx: RequestContext, file_id: uuid.UUID) -> bool:
    """Whether the caller may read a record that holds the file, in a field that they may see."""
    scope = ctx.scope()
    sql = held_sql(scope, scope.slot(str(file_id)))
    row = await ctx.database.fetchrow(sql, *scope.values, timeout=ctx.context.remaining())
    if row is None or row["schema_version"] != ctx.model.version:
        raise SchemaMoved
    return bool(row["held"])


def _file_info(row: Record | None) -> contracts.FileInfo:
    if row is None:
        raise not_found("File")
    return contracts.FileInfo(row["id"], row["filename"], row["mime_type"], row["size"], row["created_at"])


def _parse_id(text: str) -> uuid.UUID:
    parsed = parse_uuid(text)
    if parsed is None:
        raise not_found("File")
    return parsed
