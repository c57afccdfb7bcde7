"""The part of a signal that the audit log notes: who has changed what that is no record (users, keys, definitions).

Names of such entities begin with `_`, so that no entity of an app has the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from libs.shared import exact
from libs.shared.contracts.context import Context

AUDIT = "audit"
"""The key of the entry in a signal's data."""
MAX_IMAGES_BYTES = 256 * 1024
"""Bytes of both images together; larger ones are left out, as a message must hold them."""

Image = Mapping[str, Any] | None


class AuditEntry(TypedDict):
    """What was done; `action` is create, update or delete."""

    action: str
    old_data: Image
    new_data: Image
    changed_fields: list[str]
    user_email: str | None
    ip_address: str | None


class AuditedFields(TypedDict):
    """The fields of an `AuditedChange`."""

    entity: str
    record_id: str
    user_id: str | None
    audit: AuditEntry


def audited(context: Context, entity: str, record_id: str, action: str, before: Image, after: Image) -> AuditedFields:
    """The fields of a signal about a change. The caller leaves secrets out of the images."""
    user, old, new = context.identity, before or {}, after or {}
    if len(exact.dumps({"old_data": before, "new_data": after})) > MAX_IMAGES_BYTES:
        before, after = None, None
    return {
        "entity": entity,
        "record_id": record_id,
        "user_id": user.id if user else None,
        "audit": {
            "action": action,
            "old_data": before,
            "new_data": after,
            "changed_fields": [name for name in {**old, **new} if old.get(name) != new.get(name)],
            "user_email": user.email if user else None,
            "ip_address": context.ip or None,
        },
    }
