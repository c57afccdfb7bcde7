"""The synchronous webhooks of each entity, and the condition under which each is called. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import ValidationError

from libs.shared.expressions import Expression
from libs.shared.schema import Snapshot
from libs.shared.schema.formulas import compiled
from libs.shared.schema.webhooks import WebhookDefinition

log = structlog.get_logger()

ACTIONS: Mapping[str, tuple[str, ...]] = {"before_write": ("create", "update"), "before_delete": ("delete",)}


@dataclass(frozen=True, slots=True)
class SynchronousWebhook:
    """A webhook that is called before a write. `condition` None: always; an `optional` one may be unreachable."""

    id: str
    hook: str
    condition: Expression | None
    optional: bool


SynchronousWebhooks = Mapping[tuple[str, str], Sequence[SynchronousWebhook]]
"""By entity and action."""


def synchronous_webhooks_of(schema: Snapshot) -> SynchronousWebhooks:
    """All webhooks that are called before a write, in the order of their creation."""
    found: dict[tuple[str, str], list[SynchronousWebhook]] = {}
    for document in schema.documents.get("webhooks", ()):
        if document.get("async", True) or not document.get("active", True):
            continue
        definition = _read(document)
        if definition is not None:
            webhook = _webhook_of(str(document["id"]), definition)
            for action in ACTIONS.get(definition.hook, ()):
                found.setdefault((definition.entity, action), []).append(webhook)
    return found


def _webhook_of(webhook_id: str, definition: WebhookDefinition) -> SynchronousWebhook:
    condition = definition.condition.strip()
    return SynchronousWebhook(
        webhook_id, definition.hook, compiled(condition) if condition else None, definition.on_failure == "allow"
    )


def _read(document: Mapping[str, Any]) -> WebhookDefinition | None:
    try:
        return WebhookDefinition.stored(document)
    except ValidationError as error:
        # Metadata validates with the same model; only an older Rocket can have stored this.
        log.error("webhook.not_readable", webhook_id=document.get("id"), problems=error.error_count())
        return None
