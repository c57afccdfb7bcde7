"""What a signal tells the audit log: who has changed which thing that is no record (users, invites, keys, definitions).

Such things are called by a name that begins with `_`, so no entity is ever called the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared import exact
from libs.shared.contracts.context import Context

KEY = "audit"
"""Where in a signal's data it stands."""
LARGEST = 256 * 1024
"""Bytes of both pictures; larger ones are left out, as a message must hold them."""

Shown = Mapping[str, Any] | None


def audited(context: Context, entity: str, record_id: str, action: str, before: Shown, after: Shown) -> dict[str, Any]:
    """The data of a signal for an audited change: `action` is create, update or delete; secrets are left out before."""
    who = context.identity
    changed = [
        name for name in {**(before or {}), **(after or {})} if (before or {}).get(name) != (after or {}).get(name)
    ]
    pictures: dict[str, Any] = {"old_data": before, "new_data": after}
    if len(exact.dumps(pictures)) > LARGEST:
        pictures = {"old_data": None, "new_data": None}
    return {
        "entity": entity,
        "record_id": record_id,
        "user_id": who.id if who else None,
        KEY: {
            "action": action,
            **pictures,
            "changed_fields": changed,
            "user_email": who.email if who else None,
            "ip_address": context.ip or None,
        },
    }
