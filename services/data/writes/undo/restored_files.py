"""Files that an undo puts back into records: they must still exist, and the caller must be allowed to attach them.

A file counts as readable, too, where the caller may read the record as it will be: that is what they could read before
the commit that is undone, by today's policies.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

from libs.shared.errors import RocketError
from services.data.permissions import granted
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.files import described, unreadable
from services.data.writes.statements.locking import Record
from services.data.writes.statements.unit_of_work import UnitOfWork
from services.data.writes.undo.inverses import Before, Inverse, InverseKind, conflicts

Attached = tuple[Inverse, str, uuid.UUID, Record]
"""An inverse, the field, the file that it puts there, and the record as it will be."""


async def refuse_files(write: WriteContext, unit: UnitOfWork, steps: Sequence[Inverse], before: Before) -> None:
    """Raises CONFLICT where a file no longer exists, FORBIDDEN where the caller may not attach it."""
    attached = [found for step in steps for found in _attached(step, before)]
    if not attached:
        return
    files = await described(unit.transaction, {file_id for _, _, file_id, _ in attached})
    lost = [
        (step.entity.name, step.record_id, "its file is no more") for step, _, id_, _ in attached if id_ not in files
    ]
    if lost:
        raise conflicts(lost)
    others = await unreadable(write, unit.transaction, list(files.values()))
    for step, name, file_id, record in attached:
        if file_id in others and step.kind is not InverseKind.RESTORE and not _is_shown(write, step, name, record):
            raise RocketError("FORBIDDEN", f"You may not put the file back into this {step.entity.name}")


def _attached(step: Inverse, before: Before) -> Iterator[Attached]:
    if step.is_pair or step.kind is InverseKind.DELETE:
        return
    stored = before.get(step.entity.name, {}).get(step.key)
    present = stored.record if stored else {}
    put = present if step.kind is InverseKind.RESTORE else step.document
    for field in step.entity.files:
        file = put.get(field.name)
        if file and (step.kind is InverseKind.RESTORE or file != present.get(field.name)):
            yield step, field.name, uuid.UUID(file["id"]), {**present, **step.document}


def _is_shown(write: WriteContext, step: Inverse, name: str, record: Record) -> bool:
    grant = granted(step.entity, "read", write.caller)
    return grant is not None and grant.covers(record) and grant.shows(name, record)
