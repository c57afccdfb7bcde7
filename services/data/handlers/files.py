"""What the data service answers about files."""

from __future__ import annotations

import uuid

from libs.shared.contracts import files as ask
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer
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


async def announce_file(state: State, context: Context, question: ask.AnnounceFile) -> ask.Files:
    """Note that bytes are about to be stored."""
    await state.database(context.the_app).execute(store.ANNOUNCE, uuid.UUID(question.id))
    return ask.Files([question.id])


async def register_file(state: State, context: Context, question: ask.RegisterFile) -> ask.FileInfo:
    """Describe a file whose bytes are in storage; from here on it is there. Raises CONFLICT when it was given up."""
    created_at = await state.database(context.the_app).fetchval(
        store.REGISTER,
        uuid.UUID(question.id),
        question.filename,
        question.mime_type,
        question.size,
        parse_uuid(context.user.id),
    )
    if created_at is None:
        raise RocketError("CONFLICT", "The upload took too long and was given up")
    return ask.FileInfo(question.id, question.filename, question.mime_type, question.size, created_at)


async def find_file(state: State, context: Context, question: ask.FindFile) -> ask.FileInfo:
    file_id = _parse(question.id)
    database = state.database(context.the_app)
    row = await database.fetchrow(store.FIND, file_id)
    if row is not None and state.core.settings.files_access == "record" and not context.user.is_admin:
        own = row["uploaded_by"] is not None and row["uploaded_by"] == context.user.id
        if not own and not await _is_held(state, context, file_id):
            raise not_found("File")
    return _info(row)


async def list_files(state: State, context: Context, question: ask.ListFiles) -> Answer:
    text: str = await state.database(context.the_app).fetchval(store.LIST)
    return Answer(body=b'{"data":%s}' % text.encode())


async def remove_file(state: State, context: Context, question: ask.RemoveFile) -> ask.FileInfo:
    """Forget a file's description; its bytes are the asker's to remove. Raises CONFLICT where records hold it."""
    file_id = _parse(question.id)

    async def attempt(model: Model) -> ask.FileInfo:
        return _info(await remove(WriteContext.of(state.writes, context, model), file_id, question.force))

    return await under_current_schema(state, context, attempt)


async def list_loose_files(state: State, context: Context, question: ask.ListLooseFiles) -> ask.Files:
    """What has been loose for too long."""
    database = state.database(context.the_app)
    rows = await database.fetch(store.GIVE_UP, question.older_than)
    return ask.Files([row["id"] for row in rows], await database.fetchval(store.NEXT, question.older_than))


async def forget_files(state: State, context: Context, question: ask.ForgetFiles) -> ask.Files:
    """Loose files whose bytes are gone."""
    ids = [uuid.UUID(file_id) for file_id in question.ids]
    rows = await state.database(context.the_app).fetch(store.FORGET, ids)
    return ask.Files([row["id"] for row in rows])


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


def _info(row: Record | None) -> ask.FileInfo:
    if row is None:
        raise not_found("File")
    return ask.FileInfo(row["id"], row["filename"], row["mime_type"], row["size"], row["created_at"])


def _parse(text: str) -> uuid.UUID:
    parsed = parse_uuid(text)
    if parsed is None:
        raise not_found("File")
    return parsed
