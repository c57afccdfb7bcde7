"""Notification channels, templates and rules: what renaming and deleting one does to those that name it."""

from __future__ import annotations

from typing import Any

from libs.shared.errors import RocketError, invalid_field
from libs.shared.schema.notifications import NotificationRule
from libs.shared.schema.validation_errors import suggestion
from services.metadata.checking.references.notifications import CHANNELS, KEYS, is_built_in, renamed, uses
from services.metadata.editing.change import Change, KindHooks
from services.metadata.model.definition import Definition

ALL_WORKFLOWS = "*"


class NamedPartHooks(KindHooks):
    """Channels and templates: definitions that name one follow its name, and keep it from being deleted."""

    async def created(self, change: Change, row: Definition, definition: Any) -> None:
        _names(change, row)[row.id] = str(row.key)

    async def replaced(self, change: Change, old: Definition, row: Definition, definition: Any) -> None:
        if old.key == row.key:
            return
        if is_built_in(old.kind, old.key):
            raise invalid_field("name", f"name: the channel {old.key} is in every app, and keeps its name")
        _names(change, row)[row.id] = str(row.key)
        for other in await change.others():
            if (document := renamed(other, old, str(row.key))) is not None:
                await change.rewrite(other, document)

    async def deleted(self, change: Change, old: Definition) -> None:
        if is_built_in(old.kind, old.key):
            raise RocketError("CONFLICT", f"The channel {old.key} is in every app; it can be made inactive")
        _names(change, old).pop(old.id, None)


class NotificationRuleHooks(KindHooks):
    """Rules: the workflow that they tell of exists."""

    async def check(self, change: Change, definition: NotificationRule, row_id: str | None) -> None:
        name = definition.workflow
        if name is not None and name != ALL_WORKFLOWS:
            known = [str(row.key) for row in await change.of_kind("workflows")]
            if name not in known:
                raise invalid_field("workflow", f"workflow: there is no workflow {name}{suggestion(name, known)}")


async def refuse_deleting_used(change: Change) -> None:
    """Raises CONFLICT where a channel or template was deleted that some definition still names after the change."""
    gone = [row for action, row in change.touched if action == "delete" and row.kind in KEYS]
    for row in await change.others() if gone else ():
        for used in gone:
            if uses(row, used):
                what = KEYS[used.kind]
                raise RocketError("CONFLICT", f"The {what} {used.key} is used by {row.title}; change that first")


def _names(change: Change, row: Definition) -> dict[str, str]:
    """The names of all channels, or of all templates, by id."""
    return change.schema.channels if row.kind == CHANNELS else change.schema.templates
