"""What the data service answers about files."""

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
from services.data.model import Model
from services.data.query.scope import Scope
from services.data.request.schema_fence import under_current_schema
from services.data.state import State
from services.data.writes.context.write_context import WriteContext
from services.data.writes.requests.file_removal import remove


async def announce_file(state: State, context: Context, rpc_request: contracts.AnnounceFile) -> contracts.Files:
    """Note that bytes are about to be stored."""
    await state.database(context.the_app).execute(store.ANNOUNCE, uuid.UUID(rpc_request.id))
    return contracts.Files([rpc_request.id])


async def register_file(state: State, context: Context, rpc_request: contracts.RegisterFile) -> contracts.FileInfo:
    """Describe a file whose bytes are in storage; from here on it is there. Raises CONFLICT when it was given up."""
    created_at = await state.database(context.the_app).fetchval(
        store.REGISTER,
        uuid.UUID(rpc_request.id),
        rpc_request.filename,
        rpc_request.mime_type,
        rpc_request.size,
        parse_uuid(context.user.id),
    )
    if created_at is None:
        raise RocketError("CONFLICT", "The upload took too long and was given up")
    return contracts.FileInfo(rpc_request.id, rpc_request.filename, rpc_request.mime_type, rpc_request.size, created_at)


async def find_file(state: State, context: Context, rpc_request: contracts.FindFile) -> contracts.FileInfo:
    file_id = _parse(rpc_request.id)
    database = state.database(context.the_app)
    row = await database.fetchrow(store.FIND, file_id)
    if row is not None and state.core.settings.files_access == "record" and not context.user.is_admin:
        own = row["uploaded_by"] is not None and row["uploaded_by"] == context.user.id
        if not own and not await _is_held(state, context, file_id):
            raise not_found("File")
    return _info(row)


async def list_files(state: State, context: Context, rpc_request: contracts.ListFiles) -> Response:
    text: str = await state.database(context.the_app).fetchval(store.LIST)
    return Response(body=b'{"data":%s}' % text.encode())


async def remove_file(state: State, context: Context, rpc_request: contracts.RemoveFile) -> contracts.FileInfo:
    """Forget a file's description; its bytes are the asker's to remove. Raises CONFLICT where records hold it."""
    file_id = _parse(rpc_request.id)

    async def attempt(model: Model) -> contracts.FileInfo:
        return _info(await remove(WriteContext.of(state.writes, context, model), file_id, rpc_request.force))

    return await under_current_schema(state, context, attempt)


async def list_loose_files(state: State, context: Context, rpc_request: contracts.ListLooseFiles) -> contracts.Files:
    """What has been loose for too long."""
    database = state.database(context.the_app)
    rows = await database.fetch(store.GIVE_UP, rpc_request.older_than)
    return contracts.Files([row["id"] for row in rows], await database.fetchval(store.NEXT, rpc_request.older_than))


async def forget_files(state: State, context: Context, rpc_request: contracts.ForgetFiles) -> contracts.Files:
    """Loose files whose bytes are gone."""
    ids = [uuid.UUID(file_id) for file_id in rpc_request.ids]
    rows = await state.database(context.the_app).fetch(store.FORGET, ids)
    return contracts.Files([row["id"] for row in rows])


async def _is_held(state: State, context: Context, file_id: uuid.UUID) -> bool:
    """Whether the caller may read a record that holds the file, in a field that they may see."""

    async def attempt(model: Model) -> bool:
        scope = Scope(model, context.user)
        sql = held_sql(scope, scope.slot(str(file_id)))
        row = await state.database(context.the_app).fetchrow(sql, *scope.values, timeout=context.remaining())
        if row is None or row["schema_version"] != model.version:
            raise SchemaMoved
        return bool(row["held"])

    return await under_current_schema(state, context, attempt)


def _info(row: Record | None) -> contracts.FileInfo:
    if row is None:
        raise not_found("File")
    return contracts.FileInfo(row["id"], row["filename"], row["mime_type"], row["size"], row["created_at"])


def _parse(text: str) -> uuid.UUID:
    parsed = parse_uuid(text)
    if parsed is None:
        raise not_found("File")
    return parsed
