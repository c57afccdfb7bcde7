"""The kinds of definitions that do more than being stored."""

from __future__ import annotations

from collections.abc import Mapping

from services.metadata.editing.change import KindHooks
from services.metadata.editing.entities import EntityHooks
from services.metadata.editing.notifications import NamedPartHooks, NotificationRuleHooks
from services.metadata.editing.relations import RelationHooks
from services.metadata.editing.state_machines import StateMachineHooks
from services.metadata.editing.webhooks import WebhookHooks

HOOKS: Mapping[str, KindHooks] = {
    "entities": EntityHooks(),
    "relations": RelationHooks(),
    "state-machines": StateMachineHooks(),
    "webhooks": WebhookHooks(),
    "notification-channels": NamedPartHooks(),
    "notification-templates": NamedPartHooks(),
    "notification-rules": NotificationRuleHooks(),
}
"""Kind → its side effects. Every other kind is only stored."""
