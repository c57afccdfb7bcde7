"""What the data service answers about files."""

from __future__ import annotations

import uuid

from libs.shared.contracts import files as ask
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer
from libs.shared.errors import not_found
from libs.shared.ids import parse_uuid
from services.data.state import State

INSERT = """
INSERT INTO data.files (id, filename, mime_type, size, uploaded_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO NOTHING
"""
FIND = "SELECT filename, mime_type, size FROM data.files WHERE id = $1"
REMOVE = "DELETE FROM data.files WHERE id = $1 RETURNING id"
LIST = """
SELECT coalesce(json_agg(row_to_json(f)), '[]')::text FROM (
    SELECT id, filename, mime_type, size, uploaded_by, created_at FROM data.files ORDER BY id DESC LIMIT 1000
) f
"""


async def register_file(state: State, context: Context, question: ask.RegisterFile) -> ask.FileInfo:
    """Note a file whose bytes are in storage."""
    database = state.database(context.the_app)
    await database.execute(
        INSERT,
        uuid.UUID(question.id),
        question.filename,
        question.mime_type,
        question.size,
        parse_uuid(context.user.id),
    )
    return ask.FileInfo(question.id, question.filename, question.mime_type, question.size)


async def find_file(state: State, context: Context, question: ask.FindFile) -> ask.FileInfo:
    file_id = _parse(question.id)
    row = await state.database(context.the_app).fetchrow(FIND, file_id)
    if row is None:
        raise not_found("File")
    return ask.FileInfo(str(file_id), row["filename"], row["mime_type"], row["size"])


async def list_files(state: State, context: Context, question: ask.ListFiles) -> Answer:
    text: str = await state.database(context.the_app).fetchval(LIST)
    return Answer(body=b'{"data":%s}' % text.encode())


async def remove_file(state: State, context: Context, question: ask.RemoveFile) -> ask.FileInfo:
    info = await find_file(state, context, ask.FindFile(question.id))
    await state.database(context.the_app).execute(REMOVE, uuid.UUID(info.id))
    return info


def _parse(text: str) -> uuid.UUID:
    parsed = parse_uuid(text)
    if parsed is None:
        raise not_found("File")
    return parsed
