"""File fields: the id that was sent is replaced by the file's description, which records hold.

Attached files are locked until the end of the transaction: the removal of a file waits for them, and then finds the
records that hold it. With `files_access: record` a file can be attached by its uploader, by a caller who may read it,
and by one who sends back what the record holds already; for all others it does not exist.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from libs.shared.errors import RocketError, not_found
from libs.shared.postgres.databases import Connection, Database, Record
from libs.shared.postgres.errors import SchemaMoved
from services.data.files.holding import held_sql
from services.data.model import EntityModel
from services.data.query.scope import Scope
from services.data.writes.context.drafts import Draft
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing import store
from services.data.writes.statements.changes import Values


class UnknownFile(RocketError):
    """A record names a file that does not exist; `place` is the record's place among the drafts."""

    def __init__(self, place: int) -> None:
        refusal = not_found("File")
        super().__init__(refusal.code, refusal.message)
        self.place = place


def names_files(entity: EntityModel, values: Mapping[str, Any]) -> bool:
    """Whether these values attach files, which takes a transaction that locks them."""
    return any(values.get(field.name) is not None for field in entity.files)


async def attach_files(
    write: WriteContext, connection: Connection | Database, entity: EntityModel, drafts: Sequence[Draft]
) -> None:
    """Replace file ids in drafts' values by descriptions. Raises UnknownFile (NOT_FOUND), also for files of others."""
    ids = _file_ids(entity, [draft.values for draft in drafts])
    if not ids:
        return
    found = await described(connection, ids)
    fresh = {
        file_id
        for draft in drafts
        for field in entity.files
        if (file_id := draft.values.get(field.name)) is not None and str(file_id) != _held_id(draft, field.name)
    }
    refused = await unreadable(write, connection, [found[file_id] for file_id in fresh if file_id in found])
    for place, draft in enumerate(drafts):
        # What the record holds already may be sent back, even if the caller may read it nowhere else.
        own = {_held_id(draft, field.name) for field in entity.files}
        known = {key: row for key, row in found.items() if key not in refused or str(key) in own}
        _replace(entity, draft.values, known, place)


async def resolve_files(connection: Connection | Database, entity: EntityModel, values: Values) -> None:
    """The same for one record, with the authority of a definition. Raises UnknownFile (NOT_FOUND)."""
    if ids := _file_ids(entity, [values]):
        _replace(entity, values, await described(connection, ids), 0)


async def described(connection: Connection | Database, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Record]:
    """The existing files of these ids, locked against removal: id, uploaded_by, text (the description)."""
    return {row["id"]: row for row in await connection.fetch(store.DESCRIBE_FILES, list(ids))}


async def unreadable(write: WriteContext, connection: Connection | Database, files: Sequence[Record]) -> set[uuid.UUID]:
    """Those of the files that the caller has not uploaded and may not read."""
    access = write.model.schema.settings.files.access or write.resources.core.settings.files_access
    if access != "record" or write.caller.is_admin:
        return set()
    others = {row["id"] for row in files if row["uploaded_by"] != write.caller.id}
    return {file_id for file_id in others if not await _is_held(write, connection, file_id)}


async def _is_held(write: WriteContext, connection: Connection | Database, file_id: uuid.UUID) -> bool:
    """Whether the caller may read a record that holds the file, in a field that they may see."""
    scope = Scope(write.model, write.caller)
    sql = held_sql(scope, scope.slot(str(file_id)))
    row = await connection.fetchrow(sql, *scope.values)
    if row is None or row["schema_version"] != write.model.version:
        raise SchemaMoved
    return bool(row["held"])


def _file_ids(entity: EntityModel, records: Iterable[Values]) -> set[uuid.UUID]:
    return {record[f.name] for record in records for f in entity.files if record.get(f.name) is not None}


def _held_id(draft: Draft, name: str) -> str | None:
    """The id of the file that a draft's record holds in a field, as text."""
    held = draft.stored.record.get(name) if draft.stored else None
    return held.get("id") if isinstance(held, dict) else None


def _replace(entity: EntityModel, values: Values, known: Mapping[uuid.UUID, Record], place: int) -> None:
    for field in entity.files:
        if values.get(field.name) is None:
            continue
        if values[field.name] not in known:
            raise UnknownFile(place)
        values[field.name] = known[values[field.name]]["text"]


async def lost_files(
    connection: Connection, entity: EntityModel, records: Sequence[Mapping[str, Any]]
) -> list[list[str]]:
    """For each record the fields whose file no longer exists. The other files are locked against removal."""
    held = [
        {field.name: uuid.UUID(record[field.name]["id"]) for field in entity.files if record.get(field.name)}
        for record in records
    ]
    ids = {file_id for each in held for file_id in each.values()}
    found = await described(connection, ids) if ids else {}
    return [[name for name, file_id in each.items() if file_id not in found] for each in held]
