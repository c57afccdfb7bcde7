"""Builds the rows of the audit log. Pure."""

from __future__ import annotations

import uuid
from typing import Any

from libs.shared.contracts.signals import AuditedChange
from libs.shared.contracts.streams import CommitEvent, SignalEvent
from libs.shared.ids import named_uuid
from libs.shared.schema import EntityDefinition
from libs.shared.schema.secrecy import masked

REQUEST = "request"
"""The cause of a change that the user requested directly."""
_IDS = uuid.UUID("0d6a5d5e-7f0b-4f5c-8b39-6a1d3f7c2e90")


def audit_row(
    event: CommitEvent, definition: EntityDefinition | None, by_default: bool = True
) -> dict[str, Any] | None:
    """The row of a commit; None when the entity opts out. A commit has the same id whenever it is audited.

    `by_default`: whether entities are audited whose definition does not say.
    """
    if definition is not None and not definition.is_audited(by_default):
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
        "cause": None if event.cause == REQUEST else event.cause,
        "ip_address": event.origin.get("ip") or None,
        "trace_id": event.trace_id,
        "timestamp": event.at,
    }


def change_row(signal: SignalEvent) -> dict[str, Any] | None:
    """The row of a change to something other than a record (users, keys, definitions); None for any other signal."""
    change = AuditedChange.decode(signal)
    if change is None:
        return None
    entry = change.audit
    return {
        "source": signal.service,
        "position": signal.position,
        "n": 0,
        "id": named_uuid(_IDS, f"{signal.app_id}/{signal.key}"),
        "entity": change.entity,
        "record_id": change.record_id,
        "version": 0,
        "action": entry["action"],
        "old_data": entry["old_data"],
        "new_data": entry["new_data"],
        "changed_fields": entry["changed_fields"],
        "user_id": change.user_id,
        "user_email": entry["user_email"],
        "ip_address": entry["ip_address"],
        "trace_id": signal.trace_id,
        "timestamp": signal.at,
    }
