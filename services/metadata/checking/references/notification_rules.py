"""Notification rules: the paths that lead to recipients. Pure."""

from __future__ import annotations

from libs.shared.schema.notifications import NotificationRule
from libs.shared.schema.validation_errors import suggestion
from services.metadata.checking.references.names import Problems, record_path_problem
from services.metadata.model.schema import LiveSchema

RECORDS = ("record", "old")
ROOTS = {"changes": None, "action": (), "entity": (), "user": ("id", "email", "roles"), "app": ("id", "name")}
"""The other roots of paths, and their known keys; None if the keys depend on the entity."""


def problems_of(rule: NotificationRule, schema: LiveSchema) -> Problems:
    """Each path begins with a known root and names fields that exist."""
    entity = schema.definition(rule.entity)
    for number, recipient in enumerate(rule.recipients):
        if (path := recipient.get("path")) is None:
            continue
        [root, *parts] = path.split(".")
        if root in RECORDS:
            wrong = record_path_problem(entity, path, parts)
        elif root in ROOTS:
            known = ROOTS[root]
            lost = known is not None and parts and parts[0] not in known
            wrong = f"{path}: {root} has no {parts[0]}{suggestion(parts[0], known or ())}" if lost else None
        else:
            wrong = f"{path}: a path begins with one of {', '.join([*RECORDS, *ROOTS])}"
            wrong += suggestion(root, [*RECORDS, *ROOTS])
        if wrong:
            yield f"recipients.{number}.path", wrong
