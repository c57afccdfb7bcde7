"""File fields: the id that was sent becomes the file's description, which is what records hold."""

from __future__ import annotations

from typing import Any

from libs.shared.errors import not_found
from libs.shared.postgres.databases import Database
from services.data.model import EntityModel

DESCRIBE = """
SELECT id, jsonb_build_object('id', id, 'filename', filename, 'size', size, 'mime_type', mime_type)::text AS text
FROM data.files WHERE id = ANY($1::uuid[])
"""


async def resolve_files(database: Database, entity: EntityModel, values: dict[str, Any]) -> None:
    """Replace file ids in `values` by the files' descriptions. Raises NOT_FOUND for unknown files."""
    wanted = {f.name: values[f.name] for f in entity.files if values.get(f.name) is not None}
    if not wanted:
        return
    rows = await database.fetch(DESCRIBE, list(wanted.values()))
    described = {row["id"]: row["text"] for row in rows}
    for name, file_id in wanted.items():
        if file_id not in described:
            raise not_found("File")
        values[name] = described[file_id]
