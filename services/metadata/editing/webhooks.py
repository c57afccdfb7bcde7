"""Webhooks: the answer to a creation shows the secret that requests are signed with."""

from __future__ import annotations

from libs.shared.schema.webhook_secrets import format_secret, signing_key
from services.metadata.editing.change import KindHooks
from services.metadata.model.definition import Definition


class WebhookHooks(KindHooks):
    """Derives the secret as the webhook service does; no one stores it."""

    def secret(self, platform_secret: str, app_id: str, row: Definition) -> dict[str, str]:
        return {"secret": format_secret(signing_key(platform_secret, app_id, row.id))}
