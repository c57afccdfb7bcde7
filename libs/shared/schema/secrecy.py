"""What logs show of records to admins: fields that are sensitive or personal data are masked in them.

Receivers of webhooks and mails get values as they are; audit, the delivery log and the like show masks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from libs.shared import exact
from libs.shared.schema.entities import DELETED, EntityDefinition
from libs.shared.schema.snapshot import Snapshot

MASK = "***"
SHORT = 4
"""Characters of a value, at least, that is looked for in texts; shorter ones stand everywhere by chance."""
REMEMBERED = 1_000
"""Definitions of which it is remembered what is shown."""


def definition_of(snapshot: Snapshot, entity: str) -> EntityDefinition | None:
    """The definition that says what may be shown, also of an entity that is gone by now; None: no entity."""
    live = snapshot.entities.get(entity)
    if live is not None:
        return live.definition
    gone = [e.definition for e in snapshot.by_number.values() if e.name == entity]
    return gone[-1] if gone else None


def masked(record: Mapping[str, Any] | None, definition: EntityDefinition | None) -> dict[str, Any] | None:
    """The record with hidden values replaced; what is empty stays empty.

    A field that is no longer defined is hidden too: nobody can say any more that it is harmless.
    """
    if record is None or definition is None:
        return dict(record) if record is not None else None
    shown = shown_fields(definition)
    return {name: value if name in shown or value is None else MASK for name, value in record.items()}


def hidden_texts(record: Mapping[str, Any] | None, definition: EntityDefinition) -> Iterator[str]:
    """The hidden values of a record, as they can stand in a text."""
    shown = shown_fields(definition)
    for name, value in (record or {}).items():
        text = "" if isinstance(value, bool | dict | list) or value is None or name in shown else str(value)
        if len(text) >= SHORT:
            yield text


def without(text: str, hidden: Iterable[str]) -> str:
    """A text with masks in place of hidden values, as they are and as JSON writes them."""
    for value in sorted(hidden, key=len, reverse=True):
        text = text.replace(exact.dumps(value).decode()[1:-1], MASK).replace(value, MASK)
    return text


def shown_fields(definition: EntityDefinition) -> frozenset[str]:
    """The fields that are shown as they are; worked out once for each definition."""
    known = _SHOWN.get(id(definition))
    if known is None or known[0] is not definition:
        if len(_SHOWN) >= REMEMBERED:
            _SHOWN.clear()
        names = {field.name for field in definition.fields if not field.is_hidden}
        known = _SHOWN[id(definition)] = definition, frozenset(names | {DELETED})
    return known[1]


_SHOWN: dict[int, tuple[EntityDefinition, frozenset[str]]] = {}
"""By identity, as comparing definitions would cost more than working it out."""
