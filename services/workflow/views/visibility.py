"""Filters instances for a caller: values of records and fields that they may not read are left out.
Admins see all of it, with sensitive values and personal data masked, as in all logs.

The data service returns which fields of the records the caller may read, for all instances of a response at once. Of an
instance whose record they may not read, they see ids, times, and the steps of the workflow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared import exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.records import AuthorizeRecords
from libs.shared.schema import Snapshot
from libs.shared.schema.secrecy import definition_of, without
from libs.shared.schema.secret_contexts import hidden_in_context, masked_context
from services.workflow.state import State

MAX_RECORDS = 1_000
"""Records of one request to the data service."""
STEPS = ("step", "status", "by", "at")
"""The keys of a history entry that everyone sees; comments and reasons may quote records."""
INPUT = "trigger.form"
"""The path of what a manual start passes in."""
Document = dict[str, Any]
Readable = Mapping[tuple[str, str], frozenset[str]]
"""Entity and record id → the fields that the caller may read unmasked; unreadable records are absent."""


async def visible_instances(state: State, context: Context, instances: Sequence[Document]) -> list[Document]:
    """The instances for the caller of a request. Raises the errors of the data service."""
    if context.user.is_admin:
        schema = await state.core.schemas.get(context.the_app)
        return [_masked(instance, schema) for instance in instances]
    readable = await _readable(state, context, instances)
    return [_narrowed_instance(instance, readable) for instance in instances]


def _origins(instance: Document) -> tuple[str, str, dict[str, str]]:
    """Takes out of an instance what decides what may be seen: its record, and the paths of its context."""
    entity, record_id, paths, inputs = (instance.pop(name) for name in ("entity", "record_id", "paths", "inputs"))
    return entity, record_id, {**dict.fromkeys(inputs or {}, INPUT), **(paths or {})}


def _masked(instance: Document, schema: Snapshot) -> Document:
    """An instance for admins: complete, with sensitive values and personal data masked as in logs."""
    entity, _, paths = _origins(instance)
    definition, context = definition_of(schema, entity), instance["context"]
    hidden = hidden_in_context(context, paths, definition)
    # Reasons may quote hidden values; comments were written by people.
    history = [
        {name: without(value, hidden) if name == "reason" and value else value for name, value in entry.items()}
        for entry in instance["history"]
    ]
    return {**instance, "context": masked_context(context, paths, definition), "history": history}


async def _readable(state: State, context: Context, instances: Sequence[Document]) -> Readable:
    records = list({(instance["entity"], instance["record_id"]) for instance in instances})
    found: dict[tuple[str, str], frozenset[str]] = {}
    for start in range(0, len(records), MAX_RECORDS):
        part = records[start : start + MAX_RECORDS]
        verdicts = await state.core.rpc.request(AuthorizeRecords(part), context)
        allowed = zip(part, verdicts.allowed, verdicts.fields, strict=True)
        found |= {record: frozenset(fields) for record, may, fields in allowed if may}
    return found


def _narrowed_instance(instance: Document, readable: Readable) -> Document:
    """An instance for a caller who is not an admin."""
    entity, record_id, paths = _origins(instance)
    fields = readable.get((entity, record_id))
    context = visible_context(instance["context"], paths, fields or frozenset())
    history = instance["history"]
    if fields is None:
        history = [{name: value for name, value in entry.items() if name in STEPS} for entry in history]
    elif context != instance["context"]:
        # Reasons may quote values that are left out here.
        history = [{name: value for name, value in entry.items() if name != "reason"} for entry in history]
    return {**instance, "context": context, "history": history}


def visible_context(values: Mapping[str, Any], paths: Mapping[str, str], fields: frozenset[str]) -> Document:
    """The context without values of other fields of the record, whatever the first part of their path.

    Values of unknown origin are left out.
    """
    visible: Document = {}
    for key, value in values.items():
        names = str(paths.get(key, "")).split(".")
        if _is_visible(names, value, fields):
            visible[key] = _narrowed(names, value, fields)
    return visible


def _is_visible(names: Sequence[str], value: Any, fields: frozenset[str]) -> bool:
    match names:
        case ["trigger", *rest] if rest:
            return _is_visible(rest, value, fields)
        case ["trigger"] | ["record"] | ["old"]:
            return isinstance(value, Mapping)
        case ["record" | "old", name, *_]:
            return name in fields
    return names == ["record_id"]


def _narrowed(names: Sequence[str], value: Any, fields: frozenset[str]) -> Any:
    """The visible part of a value; whole records, and the trigger, are reduced to their readable fields."""
    if names == ["trigger"]:
        return {
            name: _narrowed([name], each, fields) for name, each in value.items() if _is_visible([name], each, fields)
        }
    if names[-1] in ("record", "old") and set(names[:-1]) <= {"trigger"}:
        return {name: each for name, each in value.items() if name in fields}
    return value


def read(text: bytes | str) -> Any:
    """The JSON of instances, with all digits of decimals."""
    return exact.loads(text.decode() if isinstance(text, bytes) else text)
