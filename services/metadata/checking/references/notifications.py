"""Where a notification rule finds its recipients must be there. Pure."""

from __future__ import annotations

from libs.shared.schema.notifications import NotificationRule
from libs.shared.schema.validation_errors import suggestion
from services.metadata.checking.references.names import Problems, record_path_problem
from services.metadata.model.schema import Schema

RECORDS = ("record", "old")
ROOTS = {"changes": None, "action": (), "entity": (), "user": ("id", "email", "roles"), "app": ("id", "name")}
"""What else a path may begin with, and what is known to be in there; None where that depends."""


def problems_of(rule: NotificationRule, schema: Schema) -> Problems:
    """The paths that lead to recipients begin where they can, and name fields that there are."""
    entity = schema.entities[rule.entity].definition
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
