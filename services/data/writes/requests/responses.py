"""What the response to a write shows: no more than a read would.

The record is shown as the caller may read it. A caller who may not read it sees what their permission to write covers,
except fields that are hidden from them in records that they may read.
"""

from __future__ import annotations

import re
from typing import Any

from libs.shared import exact
from libs.shared.errors import Detail, RocketError, summary
from services.data.model import EntityModel
from services.data.permissions import Grant, granted
from services.data.writes.context.write_context import WriteContext

PLACE = re.compile(r"([A-Za-z]\w*)\[\d+\]")
"""A relation in the path of a nested write, with the number of the row."""
CONCEALED_MESSAGE = "A field that you may not read has an invalid value"


def serialize_written(write: WriteContext, entity: EntityModel, verb: str, text: str) -> bytes:
    """A written record (JSON text) as the caller may see it; `verb` is the permission that the write required."""
    if write.caller.is_admin:
        return text.encode()
    reading = granted(entity, "read", write.caller)
    if reading is not None and reading.profile is None:
        return text.encode()
    record = exact.loads(text)
    if reading is not None and reading.covers(record):
        return exact.dumps(reading.visible_fields(record))
    names = _unrestricted(entity, granted(entity, verb, write.caller))
    if reading is not None:
        names &= _unrestricted(entity, reading)
    return exact.dumps({name: value for name, value in record.items() if name in names})


def conceal(write: WriteContext, entity: EntityModel, verb: str, refusal: RocketError) -> RocketError:
    """A refusal without the names of fields that the caller may neither read nor write."""
    if write.caller.is_admin or not refusal.details:
        return refusal
    details = [_conceal_detail(write, _meant(write, entity, detail), verb, detail) for detail in refusal.details]
    if details == refusal.details:
        return refusal
    return RocketError(refusal.code, summary(details[0]), details, refusal.headers)


def _unrestricted(entity: EntityModel, grant: Grant | None) -> set[str]:
    if grant is None:
        return set(entity.key.names)
    return set(entity.fields if grant.profile is None else grant.profile.unrestricted)


def _conceal_detail(write: WriteContext, entity: EntityModel, verb: str, detail: Detail) -> Detail:
    name = detail.get("field")
    if detail.get("rule") == "permission" or name not in entity.fields:
        return detail
    if any(_knows(granted(entity, action, write.caller), name) for action in ("read", verb, "create", "update")):
        return detail
    return {**{key: value for key, value in detail.items() if key != "field"}, "message": CONCEALED_MESSAGE}


def _knows(grant: Grant | None, name: Any) -> bool:
    return grant is not None and (grant.profile is None or name in grant.profile.access)


def _meant(write: WriteContext, entity: EntityModel, detail: Detail) -> EntityModel:
    """The entity that a detail is about: that of its place in a nested write."""
    for name in PLACE.findall(str(detail.get("path", ""))):
        link = entity.children(name)
        if link is not None:
            entity = write.model.entity(link.entity)
    return entity
