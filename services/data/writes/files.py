"""File fields: the id that was sent becomes the file's description, which is what records hold."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.errors import RocketError, not_found
from libs.shared.postgres.databases import Connection, Database
from services.data.model import EntityModel
from services.data.writes.changes import Values

DESCRIBE = """
SELECT id, jsonb_build_object('id', id, 'filename', filename, 'size', size, 'mime_type', mime_type)::text AS text
FROM data.files WHERE id = ANY($1::uuid[])
"""


class UnknownFile(RocketError):
    """A record names a file that is not there; `place` is the record's place among those looked at."""

    def __init__(self, place: int) -> None:
        refusal = not_found("File")
        super().__init__(refusal.code, refusal.message)
        self.place = place


async def resolve_files(connection: Connection | Database, entity: EntityModel, records: Sequence[Values]) -> None:
    """Replace file ids in records by the files' descriptions. Raises UnknownFile (NOT_FOUND)."""
    names = [field.name for field in entity.files]
    wanted = {record[name] for record in records for name in names if record.get(name) is not None}
    if not wanted:
        return
    described = {row["id"]: row["text"] for row in await connection.fetch(DESCRIBE, list(wanted))}
    for place, record in enumerate(records):
        for name in names:
            if record.get(name) is None:
                continue
            if record[name] not in described:
                raise UnknownFile(place)
            record[name] = described[record[name]]
