"""What becomes a row of the audit log: pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from libs.shared.contracts import audit
from libs.shared.contracts.streams import CommitEvent, Signal
from libs.shared.ids import named_uuid
from libs.shared.schema import DELETED, EntityDefinition, Snapshot

MASK = "***"
ASKED = "request"
"""The cause of what somebody has asked for themselves."""
REMEMBERED = 1_000
"""Definitions of which it is remembered what is shown."""
_IDS = uuid.UUID("0d6a5d5e-7f0b-4f5c-8b39-6a1d3f7c2e90")


def definition_of(snapshot: Snapshot, entity: str) -> EntityDefinition | None:
    """The definition that says what may be shown, also of an entity that is gone by now; None: no entity."""
    live = snapshot.entities.get(entity)
    if live is not None:
        return live.definition
    gone = [e.definition for e in snapshot.by_number.values() if e.name == entity]
    return gone[-1] if gone else None


def audit_row(event: CommitEvent, definition: EntityDefinition | None) -> dict[str, Any] | None:
    """The row of a commit; None when the entity opts out. A commit has the same id whenever it is audited."""
    if definition is not None and not definition.audit:
        return None
    return {
        "position": event.position,
        "n": event.n,
        "id": named_uuid(_IDS, f"{event.app_id}/{event.key}"),
        "entity": event.entity,
        "record_id": event.record_id,
        "version": event.version,
        "action": event.action,
        "old_data": masked(event.before, definition),
        "new_data": masked(event.after, definition),
        "changed_fields": list(event.changed),
        "user_id": event.actor.get("id"),
        "user_email": event.actor.get("email"),
        "on_behalf_of": event.actor.get("on_behalf_of"),
        "cause": None if event.cause == ASKED else event.cause,
        "ip_address": event.origin.get("ip") or None,
        "trace_id": event.trace_id,
        "timestamp": event.at,
    }


def change_row(signal: Signal) -> dict[str, Any] | None:
    """The row of a change of what is no record (users, keys, definitions); None for any other signal."""
    told = signal.data.get(audit.KEY)
    if not isinstance(told, dict):
        return None
    return {
        "source": signal.service,
        "position": signal.position,
        "n": 0,
        "id": named_uuid(_IDS, f"{signal.app_id}/{signal.key}"),
        "entity": signal.data["entity"],
        "record_id": signal.data["record_id"],
        "version": 0,
        "action": told["action"],
        "old_data": told["old_data"],
        "new_data": told["new_data"],
        "changed_fields": told["changed_fields"],
        "user_id": signal.data.get("user_id"),
        "user_email": told["user_email"],
        "ip_address": told["ip_address"],
        "trace_id": signal.trace_id,
        "timestamp": signal.at,
    }


def masked(record: Mapping[str, Any] | None, definition: EntityDefinition | None) -> dict[str, Any] | None:
    """The record with hidden values replaced; what is empty stays empty.

    A field that is no longer defined is hidden too: nobody can say any more that it is harmless.
    """
    if record is None or definition is None:
        return dict(record) if record is not None else None
    shown = _shown(definition)
    return {name: value if name in shown or value is None else MASK for name, value in record.items()}


def _shown(definition: EntityDefinition) -> frozenset[str]:
    """The fields that are shown as they are; worked out once for each definition."""
    known = _SHOWN.get(id(definition))
    if known is None or known[0] is not definition:
        if len(_SHOWN) >= REMEMBERED:
            _SHOWN.clear()
        names = {field.name for field in definition.fields if not (field.sensitive or field.pii)}
        known = _SHOWN[id(definition)] = definition, frozenset(names | {DELETED})
    return known[1]


_SHOWN: dict[int, tuple[EntityDefinition, frozenset[str]]] = {}
"""By identity, as comparing definitions would cost more than working it out."""
