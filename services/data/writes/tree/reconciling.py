"""The rows of a nested write against the children that are stored: which are new, changed, deleted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from libs.shared.errors import Detail
from libs.shared.schema import BadValue
from services.data.model import EntityModel, KeyValue
from services.data.writes.context.drafts import NestedWrite, Row
from services.data.writes.statements.locking import Stored
from services.data.writes.tree.nested import DELETE, key_of


@dataclass(slots=True)
class Reconciled:
    """What becomes of one parent's children; numbers are places among the sent rows."""

    inserts: list[tuple[int, Row]] = field(default_factory=list)
    updates: list[tuple[int, Row, Stored]] = field(default_factory=list)
    deletes: list[tuple[int | None, Stored]] = field(default_factory=list)
    unmatched: list[tuple[int, Row, KeyValue]] = field(default_factory=list)
    """Rows with a key that no current child has."""


def reconcile(
    entity: EntityModel, nested: NestedWrite, current: Mapping[KeyValue, Stored]
) -> tuple[Reconciled, list[tuple[int, Detail]]]:
    """The meaning of the rows, and their errors (by place)."""
    outcome, problems = Reconciled(), list[tuple[int, Detail]]()
    mentioned: set[KeyValue] = set()
    for index, row in enumerate(nested.rows):
        try:
            key = key_of(entity, row)
        except BadValue as problem:
            problems.append((index, {"field": entity.key.names[0], "rule": "type", "message": str(problem)}))
            continue
        if key is not None and key in mentioned:
            problems.append((index, {"rule": "unique", "message": "the same child is mentioned twice"}))
            continue
        mentioned |= {key} if key is not None else set()
        if nested.mode == "append" and key is not None and entity.key.generated:
            continue  # it is there already, whosever child it is
        _place(outcome, index, row, key, current.get(key) if key is not None else None)
    if nested.mode == "replace":
        outcome.deletes += [(None, child) for key, child in current.items() if key not in mentioned]
    return outcome, problems


def _place(outcome: Reconciled, index: int, row: Row, key: KeyValue | None, child: Stored | None) -> None:
    body = {name: value for name, value in row.items() if name != DELETE}
    deletes = row.get(DELETE, False)
    if key is not None and child is not None:
        if deletes:
            outcome.deletes.append((index, child))
        else:
            outcome.updates.append((index, body, child))
    elif not deletes and key is None:
        outcome.inserts.append((index, body))
    elif not deletes and key is not None:
        outcome.unmatched.append((index, body, key))
