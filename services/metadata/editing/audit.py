"""Changes of definitions, told to whoever keeps the audit log, in the transaction of the change."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared.bus.outbox.outbox import Outbox
from libs.shared.contracts.audit import audited
from libs.shared.contracts.context import Context
from libs.shared.contracts.signals import DefinitionChanged
from libs.shared.postgres.databases import Connection
from services.metadata.checking.kinds import KINDS
from services.metadata.store.definitions import Definition

SECRET = re.compile(r"secret|password|token|authorization|credential|^headers$", re.IGNORECASE)
"""Keys of definitions whose values are for the one who is meant, not for a log."""
MASK = "***"


async def tell(
    outbox: Outbox,
    transaction: Connection,
    context: Context,
    touched: Sequence[tuple[str, Definition]],
    before: Mapping[str, Mapping[str, Any]],
) -> None:
    """Tell of every definition touched; `before` holds, by id, what those were that are not new."""
    for action, row in touched:
        entity = "_" + row.kind.replace("-", "_")
        handle = row.key if KINDS[row.kind].named and row.key else row.id
        old = None if action == "create" else masked(before.get(row.id, row.document))
        new = None if action == "delete" else masked(row.document)
        fields = audited(context, entity, handle, action, old, new)
        signal = DefinitionChanged(trace_id=context.trace_id, subject=f"{entity}/{row.id}", **fields)
        await outbox.emit(transaction, signal)


def masked(value: Any) -> Any:
    """A definition without what nobody should read in a log."""
    if isinstance(value, Mapping):
        return {
            name: MASK if SECRET.search(str(name)) and not isinstance(item, bool) else masked(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value
