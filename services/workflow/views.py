"""Instances as callers may see them: context values that come from what they may not read are left out.

The data service says which fields of the records they may read, for all instances of an answer at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared import exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.records import AuthorizeRecords
from services.workflow.state import State

MOST = 1_000
"""Records of one question."""
Document = dict[str, Any]
Readable = Mapping[tuple[str, str], frozenset[str]]
"""Entity and record id → the fields that the caller may read as they are; none of what is not theirs."""


async def shown(state: State, context: Context, instances: Sequence[Document]) -> list[Document]:
    """The instances for the caller of a request. Raises what asking the data service raises."""
    readable = {} if context.user.is_admin else await _readable(state, context, instances)
    return [_shown(instance, None if context.user.is_admin else readable) for instance in instances]


async def _readable(state: State, context: Context, instances: Sequence[Document]) -> Readable:
    records = list({(instance["entity"], instance["record_id"]) for instance in instances if instance["paths"]})
    found: dict[tuple[str, str], frozenset[str]] = {}
    for start in range(0, len(records), MOST):
        part = records[start : start + MOST]
        verdicts = await state.core.asker.ask(AuthorizeRecords(part), context)
        for record, allowed, fields in zip(part, verdicts.allowed, verdicts.fields, strict=True):
            found[record] = frozenset(fields) if allowed else frozenset()
    return found


def _shown(instance: Document, readable: Readable | None) -> Document:
    entity, record_id, paths = (instance.pop(name) for name in ("entity", "record_id", "paths"))
    if readable is not None:
        fields = readable.get((entity, record_id), frozenset())
        instance["context"] = visible_context(instance["context"], paths or {}, fields)
    return instance


def visible_context(values: Mapping[str, Any], paths: Mapping[str, str], fields: frozenset[str]) -> Document:
    """The context without what comes from other fields of the record than these; of the whole record, these."""
    visible: Document = {}
    for key, value in values.items():
        names = str(paths.get(key, "record")).removeprefix("trigger.").split(".")
        if names[0] != "record":
            visible[key] = value
        elif len(names) == 1 and isinstance(value, Mapping):
            visible[key] = {name: each for name, each in value.items() if name in fields}
        elif len(names) > 1 and names[1] in fields:
            visible[key] = value
    return visible


def read(text: bytes | str) -> Any:
    """The JSON of instances, with all digits of decimals."""
    return exact.loads(text.decode() if isinstance(text, bytes) else text)
