"""Notification rules: their channel and template, and the paths that lead to recipients. Pure."""

from __future__ import annotations

from libs.shared.schema import EntityDefinition
from libs.shared.schema.notifications import NotificationRule
from libs.shared.schema.validation_errors import suggestion
from services.metadata.checking.references.names import Problems, record_path_problem
from services.metadata.checking.references.notifications import unknown_channel, unknown_template
from services.metadata.model.schema import LiveSchema

RECORDS = ("record", "old")
ROOTS = {"changes": None, "action": (), "entity": (), "user": ("id", "email", "roles"), "app": ("id", "name")}
"""The other roots of paths, and their known keys; None if the keys depend on the entity."""


def problems_of(rule: NotificationRule, schema: LiveSchema) -> Problems:
    """Channel and template exist; each path begins with a known root and names fields that exist."""
    if wrong := unknown_channel(rule.channel, schema):
        yield "channel", wrong
    if rule.named_template is not None and (wrong := unknown_template(rule.named_template, schema)):
        yield "template", wrong
    if rule.entity is not None:
        yield from _path_problems(rule, schema.definition(rule.entity))


def _path_problems(rule: NotificationRule, entity: EntityDefinition) -> Problems:
    """The paths of a rule about changes; those of other rules lead through what is known of no entity."""
    for number, recipient in enumerate(rule.recipients):
        path = recipient.get("path")
        if not isinstance(path, str):
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
