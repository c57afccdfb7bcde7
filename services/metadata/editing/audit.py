"""The audit signals of changed definitions, which are emitted in the transaction of the change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from libs.shared.contracts.audit import audited
from libs.shared.contracts.context import Context
from libs.shared.contracts.signals import DefinitionChanged
from libs.shared.schema.kinds import stored_kind
from services.metadata.model.definition import Definition

SECRET = re.compile(r"secret|password|token|authorization|credential|^headers$", re.IGNORECASE)
"""Keys of definitions whose values may be secrets, and are not logged."""
MASK = "***"


def signals(
    context: Context, touched: Sequence[tuple[str, Definition]], before: Mapping[str, Mapping[str, Any]]
) -> Iterator[DefinitionChanged]:
    """A signal per action and definition; `before` has, by id, the former documents of replaced definitions."""
    for action, row in touched:
        kind = stored_kind(row.kind)
        entity = "_" + kind.section
        handle = row.key if kind.addressed_by_name and row.key else row.id
        old = None if action == "create" else masked(before.get(row.id, row.document))
        new = None if action == "delete" else masked(row.document)
        fields = audited(context, entity, handle, action, old, new)
        yield DefinitionChanged(trace_id=context.trace_id, subject=f"{entity}/{row.id}", **fields)


def masked(value: Any) -> Any:
    """A definition with its secrets masked."""
    if isinstance(value, Mapping):
        return {
            name: MASK if SECRET.search(str(name)) and not isinstance(item, bool) else masked(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value
