"""May the caller write these fields? Decided in process, on the record as it is stored.

What the server sets itself (keys, auto timestamps, computed fields, what a transition sets, the reference of a child
to its parent) is no write of the caller's. A masked value that comes back as it was shown leaves the field as it is;
any other value for it requires the permission to see it unmasked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from libs.shared.errors import Detail, RocketError
from services.data.model import EntityModel
from services.data.permissions import EVERYTHING, Grant, granted
from services.data.writes.context.drafts import Draft
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.validation import set_by_server
from services.data.writes.statements.changes import Action
from services.data.writes.statements.locking import Stored

VERBS = {Action.CREATE: "create", Action.UPDATE: "update"}


def check_fields(write: WriteContext, entity: EntityModel, action: Action, drafts: Sequence[Draft]) -> None:
    """Remove from the drafts what leaves fields as they are.

    Raises FORBIDDEN with a detail per field that may not be written.
    """
    if write.caller.is_admin or not drafts:
        return
    grant, reading = _granted(write, entity, VERBS[action]), EVERYTHING
    if action is Action.UPDATE:
        reading = _reading(write, entity)
    if grant.profile is None and reading.profile is None:
        return
    details: list[Detail] = []
    for draft in drafts:
        details += draft.mark(_refused(write, entity, grant, reading, draft))
    if details:
        raise RocketError("FORBIDDEN", str(details[0]["message"]), details)


def check_relations(write: WriteContext, entity: EntityModel, action: Action, drafts: Sequence[Draft]) -> None:
    """Raises FORBIDDEN with a detail per relation by which the caller may not write."""
    if write.caller.is_admin or not any(draft.nested for draft in drafts):
        return
    grant = _granted(write, entity, VERBS[action])
    details: list[Detail] = []
    for draft in drafts:
        record = draft.stored.record if draft.stored else None
        for link, _ in draft.nested:
            name = link.relation.name
            if not grant.relates(name, link.relation.joined, record):
                message = f"You may not write {name}"
                details += draft.mark([{"field": name, "relation": name, "rule": "permission", "message": message}])
    if details:
        raise RocketError("FORBIDDEN", str(details[0]["message"]), details)


def may_write(write: WriteContext, entity: EntityModel, draft: Draft) -> bool:
    """Whether the caller may set these fields in any record, so that the stored one need not be read."""
    if write.caller.is_admin:
        return True
    names = list(_written(write, entity, draft))
    grant, reading = _granted(write, entity, "update"), _reading(write, entity)
    return all(_is_free(grant, name) and not _is_masked(reading, name) for name in names)


def check_undone(
    write: WriteContext, entity: EntityModel, action: Action, names: Iterable[str], stored: Stored | None
) -> None:
    """Raises FORBIDDEN, naming no field, where the caller may not set one of these fields to its former value."""
    grant = _granted(write, entity, VERBS[action])
    reading = _reading(write, entity) if stored else EVERYTHING
    record = stored.record if stored else {}
    for name in names:
        if name not in entity.fields or _set_otherwise(write, entity, name):
            continue
        if _mask(reading, name, record) or not grant.shows(name, record):
            raise RocketError("FORBIDDEN", f"You may not {VERBS[action]} all of this {entity.name}")


def _granted(write: WriteContext, entity: EntityModel, verb: str) -> Grant:
    grant = granted(entity, verb, write.caller)
    if grant is None:
        raise RocketError("FORBIDDEN", f"You may not {verb} {entity.name}")
    return grant


def _reading(write: WriteContext, entity: EntityModel) -> Grant:
    """What the caller may read of records; nothing is masked for a caller who may read none."""
    return granted(entity, "read", write.caller) or EVERYTHING


def _written(write: WriteContext, entity: EntityModel, draft: Draft) -> Iterable[str]:
    """The fields that the caller sets."""
    return (
        name
        for name in draft.body
        if name in entity.fields and name not in draft.given and not _set_otherwise(write, entity, name)
    )


def _set_otherwise(write: WriteContext, entity: EntityModel, name: str) -> bool:
    field = entity.fields[name]
    if name in entity.key.names or set_by_server(entity, field):
        return True
    return any(rule.field.name == name for rule in write.model.rules(entity.name).computed)


def _refused(write: WriteContext, entity: EntityModel, grant: Grant, reading: Grant, draft: Draft) -> list[Detail]:
    record = draft.stored.record if draft.stored else {}
    refused: list[Detail] = []
    for name in list(_written(write, entity, draft)):
        masked = [mask for each in (grant, reading) if (mask := _mask(each, name, record)) is not None]
        if (draft.body[name],) in masked:
            del draft.body[name]
        elif masked or not grant.shows(name, record):
            refused.append({"field": name, "rule": "permission", "message": f"You may not write {name}"})
    return refused


def _mask(grant: Grant, name: str, record: dict[str, Any]) -> tuple[str | None] | None:
    """What the caller sees in place of a masked field, in a tuple; None for a field that is not masked."""
    profile = grant.profile
    access = profile.access.get(name) if profile else None
    if profile is None or access is None or not record or not grant.covers(record):
        return None
    _, mask = access.way(grant.who, record)
    return None if mask is None else (mask.apply(record.get(name), profile.key_of(record), grant.who.salt),)


def _is_free(grant: Grant, name: str) -> bool:
    if grant.profile is None:
        return True
    access = grant.profile.access.get(name)
    return access is not None and access.clear.is_certain


def _is_masked(reading: Grant, name: str) -> bool:
    """Whether a field is masked in any record."""
    access = reading.profile.access.get(name) if reading.profile else None
    return access is not None and bool(access.masks)
