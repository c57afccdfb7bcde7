"""Instances for a caller: values of records and fields that they may not read are left out, under every root.

The data service returns which fields of the records the caller may read, for all instances of a response at once: of
the record that an instance is about, and of those that its steps have written. Of an instance whose record they may not
read, callers see ids, times, and the steps of the workflow. An instance without a record is seen by the person
who started it, and by those it waits for. Admins see all of it, with sensitive values and personal data masked, as in
all logs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from libs.shared import clock, exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.records import AuthorizeRecords
from libs.shared.schema import EntityDefinition, Snapshot
from libs.shared.schema.secrecy import definition_of, hidden_texts, without
from libs.shared.schema.workflows import WorkflowDefinition
from services.workflow.delegations.standing import Standing, standings_of
from services.workflow.running.related import links_from
from services.workflow.state import State
from services.workflow.views.narrowing import (
    Readable,
    bare_context,
    hidden_values,
    masked_context,
    visible_context,
)
from services.workflow.views.origins import OWN, Origins, origins_of

MAX_RECORDS = 1_000
"""Records of one request to the data service."""
MAX_DEFINITIONS = 512
"""Definitions whose origins are kept."""
STEPS = ("seq", "step", "status", "by", "at")
"""The keys of a history entry that everyone sees; comments and reasons may quote records."""
APPROVAL = ("step", "scope", "form", "mode", "needed", "deadline", "returns_to", "may_reassign")
"""The keys of an approval that everyone sees: what its definition says."""
SEAT = ("id", "label", "decision", "role", "roles", "anyone", "users")
"""The keys of a seat that those see who may not read the record, but may have to decide."""
JUDGED_BY = ("definition", "trigger", "steps")
"""Columns that decide what may be seen, and are not shown."""
Document = dict[str, Any]
Record = tuple[str, str]
"""Entity and record id."""
Fields = Mapping[Record, frozenset[str]]
"""The fields that the caller may read unmasked; unreadable records are absent."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An instance with what decides what may be seen of it: the records that it names, by the step that wrote them."""

    shown: Document
    origins: Origins
    records: Mapping[str, Record]
    trigger: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person who looks at instances, with those in whose place they may decide."""

    ids: frozenset[str]
    roles: frozenset[str]


def judged(row: Document) -> Judged:
    """Takes a stored instance apart."""
    definition, trigger, steps = (row.get(name) for name in JUDGED_BY)
    shown = {name: value for name, value in row.items() if name not in JUDGED_BY}
    shown |= {"entity": row["entity"] or None, "record_id": row["record_id"] or None}
    origins = _origins(exact.dumps(definition).decode())
    outputs = steps or {}
    written = {
        step: (entity, str(outputs[step]["record_id"]))
        for step, entity in origins.entities.items()
        if isinstance(outputs.get(step), Mapping) and outputs[step].get("record_id") is not None
    }
    own = {OWN: (row["entity"], row["record_id"])} if row["entity"] and row["record_id"] else {}
    return Judged(shown, origins, {**written, **own}, trigger or {})


@lru_cache(maxsize=MAX_DEFINITIONS)
def _origins(text: str) -> Origins:
    return origins_of(WorkflowDefinition.stored(exact.loads(text)))


async def visible_instances(
    state: State, context: Context, instances: Sequence[Document], today: Sequence[Document] | None = None
) -> list[Document]:
    """The instances for the caller of a request. Raises the errors of the data service and of the gateway.

    Past instances are shown to those who see what they are `today`: the same instances, as they are now.
    """
    found = [judged(row) for row in instances]
    now = found if today is None else [judged(row) for row in today]
    schema = await state.core.schemas.get(context.the_app)
    if context.user.is_admin:
        return [masked(each, schema) for each in found]
    fields = await _readable(state, context, found)
    viewers = await _viewers(state, context, now)
    return [
        narrowed(each, viewer, fields, schema, judged_by)
        for each, viewer, judged_by in zip(found, viewers, now, strict=True)
    ]


async def _viewers(state: State, context: Context, instances: Sequence[Judged]) -> Sequence[Viewer]:
    """The caller for each instance: where something waits that is about no record, with those who have delegated."""
    own = viewer_of([Standing(context.user.id, context.user.email, (), tuple(context.user.roles))], "")
    if not any(_needs_delegators(each) for each in instances):
        return [own] * len(instances)
    standings = await standings_of(state, context, clock.now())
    return [viewer_of(standings, each.shown["workflow_id"]) if _needs_delegators(each) else own for each in instances]


def _needs_delegators(instance: Judged) -> bool:
    return OWN not in instance.records and bool(instance.shown.get("approvals"))


def viewer_of(standings: Sequence[Standing], workflow_id: str) -> Viewer:
    """The persons as whom a caller may decide in a workflow. Pure."""
    covering = [each for each in standings if each.covers(workflow_id)]
    return Viewer(frozenset(each.id for each in covering), frozenset(role for each in covering for role in each.roles))


async def _readable(state: State, context: Context, instances: Sequence[Judged]) -> Fields:
    records = list({record for instance in instances for record in instance.records.values()})
    found: dict[Record, frozenset[str]] = {}
    for start in range(0, len(records), MAX_RECORDS):
        part = records[start : start + MAX_RECORDS]
        verdicts = await state.core.rpc.request(AuthorizeRecords(part), context)
        allowed = zip(part, verdicts.allowed, verdicts.fields, strict=True)
        found |= {record: frozenset(fields) for record, may, fields in allowed if may}
    return found


def masked(instance: Judged, schema: Snapshot) -> Document:
    """An instance for admins."""

    def definition(record: str, names: tuple[str, ...]) -> tuple[EntityDefinition | None, str | None]:
        entity = instance.records[record][0] if record in instance.records else instance.origins.entities.get(record)
        return _end_of(schema, entity, names) if entity else (None, names[0] if names else None)

    own = definition(OWN, ())[0]
    copied = frozenset(hidden_texts(instance.trigger.get("record"), own)) if OWN in instance.records else ()
    shown = instance.shown
    context = masked_context(shown["context"], instance.origins.context, definition, frozenset(copied))
    # Reasons may quote hidden values; comments were written by people.
    hidden = {*copied, *hidden_values(shown["context"], context)}

    def without_hidden(entry: Document) -> Document:
        return {**entry, "reason": without(entry["reason"], hidden)} if entry.get("reason") else entry

    def masked_item(approval: Document) -> Document:
        if "item" not in approval:
            return approval
        item = masked_context(
            {approval["step"]: approval["item"]}, instance.origins.items, definition, frozenset(copied)
        )
        return {**approval, "item": item[approval["step"]]}

    parts: Document = {"context": context, "history": [without_hidden(entry) for entry in shown["history"]]}
    if shown.get("failed"):
        parts["failed"] = without_hidden(shown["failed"])
    return {**shown, **parts, **_approvals(shown, masked_item)}


def _end_of(schema: Snapshot, entity: str, names: tuple[str, ...]) -> tuple[EntityDefinition | None, str | None]:
    """The entity in which a path that follows relations ends, and the field."""
    while len(names) > 1 and (link := links_from(schema, entity).get(names[0])) is not None:
        entity, names = link.entity, names[1:]
    return definition_of(schema, entity), names[0] if names else None


def narrowed(
    instance: Judged, viewer: Viewer, fields: Fields, schema: Snapshot, today: Judged | None = None
) -> Document:
    """An instance for a caller who is not an admin; `today` is the same one as it is now."""
    shown, now = instance.shown, today or instance
    if not _is_seen(now, viewer, fields):
        return _bare(instance, takes_part(now.shown, viewer))
    readable = readable_of(instance, fields, schema)
    context = visible_context(shown["context"], instance.origins.context, readable)
    parts: Document = {"context": context}
    if context != shown["context"]:
        # Reasons may quote values that are left out here.
        parts["history"] = [_without(entry, "reason") for entry in shown["history"]]
        if shown.get("failed"):
            parts["failed"] = _without(shown["failed"], "reason")

    def with_item(approval: Document) -> Document:
        if "item" not in approval:
            return approval
        item = visible_context({approval["step"]: approval["item"]}, instance.origins.items, readable)
        return {**_without(approval, "item"), **({"item": item[approval["step"]]} if item else {})}

    return {**shown, **parts, **_approvals(shown, with_item)}


def _bare(instance: Judged, decides: bool) -> Document:
    """An instance whose record the caller may not read; if they may have to decide, with what that takes."""
    shown = instance.shown
    history = [{name: value for name, value in entry.items() if name in STEPS} for entry in shown["history"]]
    initiator = {"id": shown["initiator"].get("id")} if shown.get("initiator") else shown.get("initiator")

    def bare(approval: Document) -> Document:
        seats = [{name: seat[name] for name in SEAT if name in seat} for seat in approval["seats"]] if decides else []
        return {**{name: approval[name] for name in APPROVAL if name in approval}, "seats": seats}

    context = bare_context(shown["context"], instance.origins.context)
    parts: Document = {"context": context, "history": history, "warnings": []}
    if "initiator" in shown:
        parts["initiator"] = initiator
    if shown.get("failed"):
        parts["failed"] = _without(shown["failed"], "reason")
    return {**shown, **parts, **_approvals(shown, bare)}


def _approvals(shown: Document, part: Callable[[Document], Document]) -> Document:
    approvals = [part(each) for each in shown.get("approvals") or ()]
    return {"approvals": approvals, "approval": approvals[0]} if approvals else {}


def _without(entry: Document, name: str) -> Document:
    return {key: value for key, value in entry.items() if key != name}


def readable_of(instance: Judged, fields: Fields, schema: Snapshot) -> Readable:
    """What a caller may read of the records of an instance."""
    seen = {name: fields[record] for name, record in instance.records.items() if record in fields}
    whole = frozenset(name for name, known in seen.items() if _is_whole(schema, instance.records[name][0], known))
    return Readable(seen, whole, OWN in whole or OWN not in instance.records)


def _is_whole(schema: Snapshot, entity: str, fields: frozenset[str]) -> bool:
    """Whether these are all fields of an entity."""
    definition = definition_of(schema, entity)
    return definition is not None and fields.issuperset(field.name for field in definition.fields)


def _is_seen(instance: Judged, viewer: Viewer, fields: Fields) -> bool:
    """Whether a caller sees more than the steps of an instance."""
    if OWN in instance.records:
        return instance.records[OWN] in fields
    return (instance.shown.get("initiator") or {}).get("id") in viewer.ids or takes_part(instance.shown, viewer)


def takes_part(shown: Mapping[str, Any], viewer: Viewer) -> bool:
    """Whether an instance waits for a decision of a caller, or they have made one."""
    if any(entry.get("by") in viewer.ids for entry in shown["history"]):
        return True
    seats = [seat for approval in shown.get("approvals") or () for seat in approval["seats"]]
    return any(
        seat.get("anyone")
        or not viewer.roles.isdisjoint([seat.get("role"), *seat.get("roles", ())])
        or any(each.get("id") in viewer.ids for each in seat.get("users") or ())
        for seat in seats
    )


def read(text: bytes | str) -> Any:
    """The JSON of instances, with all digits of decimals."""
    return exact.loads(text.decode() if isinstance(text, bytes) else text)
